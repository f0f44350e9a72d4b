import {
  type ExtensionContext,
  languages,
  type Memento,
  Uri,
  commands as vscodeCommands,
  window,
  workspace,
} from 'vscode';
import { pickAdapter } from './adapterPicker.ts';
import { ConfigHover, configHoverSelector } from './configHover.ts';
import {
  type CommandId,
  type ContextKey,
  contextKeys,
  panelViewType,
  settings,
  settingsSection,
} from './contributions.ts';
import { hoverSelector, ShapeHover } from './hover.ts';
import { KernelProfiler } from './kernelProfiler.ts';
import { type LastAdapter, recallAdapter, rememberAdapter } from './lastAdapter.ts';
import { LazyHost } from './lazyHost.ts';
import { type LiveParts, wireLive } from './live/wireLive.ts';
import { LazyLog } from './log.ts';
import { PanelHost } from './panel.ts';
import { ProfileCommands } from './profileCommands.ts';
import { ProfileRunner } from './profileRunner.ts';
import { onSettingChanged, readSettings } from './settings.ts';
import { wireSites } from './sites/wireSites.ts';
import { createStatusBar } from './statusBar.ts';

/** Makes the editor's parts and registers them; nothing is loaded, started or read from disk here. */
export function wire(context: ExtensionContext): {
  runner: ProfileRunner;
  kernels: KernelProfiler;
  live: LiveParts;
} {
  const own = <T extends { dispose(): unknown }>(part: T): T => {
    context.subscriptions.push(part);
    return part;
  };
  const log = own(new LazyLog());
  const host = own(
    new LazyHost({
      distFolder: Uri.joinPath(context.extensionUri, 'dist').fsPath,
      log,
      nodePath: () => readSettings().nodePath,
    }),
  );
  const runner = own(new ProfileRunner(host, log));
  const adapters = new AdapterMemory(context.globalState);
  const status = own(createStatusBar({ adapter: () => adapters.current, state: () => runner.state }));
  adapters.onChange = () => {
    status.update();
    sites.adapterChanged();
  };

  const panel = own(
    new PanelHost(context.extensionUri, runner, (action) => {
      const actions = {
        profile: () => commands.profileShape(),
        rerun: () => commands.rerun(),
        cancel: () => runner.cancel(),
        selectAdapter: () => handlers['attention.selectAdapter'](),
        showLog: () => log.show(),
      };
      void actions[action]();
    }),
  );
  const commands = new ProfileCommands({
    context,
    runner,
    panel,
    live: (editor) => live.jobAtCursor(editor),
    site: (editor) => sites.jobAtCursor(editor),
  });
  const kernels = own(
    new KernelProfiler({
      host,
      log,
      onChange: (any) => void setContext(contextKeys.kernelCounts, any),
      onDevice: (device) => void adapters.remember(device),
    }),
  );

  const live = wireLive(context, log, own);
  const sites = wireSites({
    ...{ context, log, own },
    lastAdapter: () => adapters.current,
    profile: (argument) => commands.profileArgument(argument),
  });

  const handlers: Record<CommandId, (argument?: unknown) => unknown> = {
    'attention.profileAtCursor': () => commands.profileAtCursor(),
    'attention.profileShape': () => commands.profileShape(),
    'attention.profile': (argument) => commands.profile(argument),
    'attention.selectAdapter': () => selectAdapter(host, adapters),
    'attention.openPanel': () => panel.show({ preserveFocus: false }),
    'attention.cancelProfile': () => runner.cancel(),
    'attention.profileKernel': (uri) => kernels.profile(uri),
    'attention.clearKernelCounts': () => kernels.clear(),
    'attention.showLog': () => log.show(),
    ...live.handlers,
    ...sites.handlers,
  };
  for (const [id, handler] of Object.entries(handlers)) own(vscodeCommands.registerCommand(id, handler));

  own(
    runner.onDidChange(({ kind }) => {
      status.update();
      void setContext(contextKeys.profiling, kind === 'running');
    }),
  );
  own(
    runner.onDidFinish(({ devices }) => {
      const [device] = devices;
      if (device && device.type !== 'table') void adapters.remember({ ...device, type: device.type });
    }),
  );
  own(languages.registerHoverProvider(hoverSelector, new ShapeHover(() => adapters.current)));
  own(languages.registerHoverProvider(configHoverSelector, new ConfigHover(() => adapters.current)));
  own(window.registerWebviewPanelSerializer(panelViewType, panel));
  own(onSettingChanged('nodePath', () => host.reset()));
  own(onSettingChanged('adapter', () => adapters.forget()));
  own(workspace.onDidGrantWorkspaceTrust(() => host.reset()));
  return { runner, kernels, live };
}

/** Tells keybindings and menus; a key that is set already is not set again. */
function setContext(key: ContextKey, value: boolean): Thenable<unknown> {
  return vscodeCommands.executeCommand('setContext', key, value);
}

async function selectAdapter(host: LazyHost, adapters: AdapterMemory): Promise<void> {
  const listDevices = async (signal: AbortSignal) => (await host.get()).devices(signal);
  const picked = await pickAdapter(readSettings().adapter, listDevices);
  if (!picked) return;
  const { choice, listing } = picked;
  if (listing && !listing.available) {
    const reason = listing.reason ?? 'no reason was given';
    window.showWarningMessage(`Attention Profiler: ${listing.choice} is not available: ${reason}`);
    return;
  }
  const value = choice === settings.adapter.default ? undefined : choice;
  await workspace.getConfiguration(settingsSection).update('adapter', value, true);
  if (listing?.device) await adapters.remember(listing.device);
}

/** The last adapter, read from storage once it is asked for. */
class AdapterMemory {
  private readonly state: Memento;
  private known: LastAdapter | null | undefined;
  onChange: () => void = () => undefined;

  constructor(state: Memento) {
    this.state = state;
  }

  get current(): LastAdapter | null {
    if (this.known === undefined) this.known = recallAdapter(this.state);
    return this.known;
  }

  async remember(device: Parameters<typeof rememberAdapter>[1]): Promise<void> {
    this.known = await rememberAdapter(this.state, device);
    this.onChange();
  }

  /** Another adapter was chosen: what is stored says nothing about it. */
  forget(): void {
    this.known = null;
    this.onChange();
  }
}
