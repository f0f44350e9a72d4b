/**
 * Everything package.json contributes that code refers to, declared once. A test holds package.json and
 * package.nls.json against these tables, so that neither can move alone.
 */

export const extensionName = 'attention-profiler';
export const category = 'Attention';

export interface CommandContribution {
  /** Whether the palette offers it. Commands that need an argument are for links, keybindings and scripts. */
  palette: boolean;
  /** A `when` clause; the command is greyed out elsewhere. */
  enablement?: string;
  /** A codicon, for commands that are buttons. */
  icon?: `$(${string})`;
}

export const contextKeys = {
  /** True while a profile runs or waits. */
  profiling: 'attentionProfiler.profiling',
  /** True while a WGSL kernel shows its counts. */
  kernelCounts: 'attentionProfiler.kernelCounts',
  /** True once call sites were looked for: their view is shown. */
  callSites: 'attentionProfiler.callSites',
} as const;

export const commands = {
  'attention.profileAtCursor': { palette: true },
  'attention.profileShape': { palette: true },
  'attention.selectAdapter': { palette: true },
  'attention.openPanel': { palette: true },
  'attention.cancelProfile': { palette: true, enablement: contextKeys.profiling },
  'attention.profileKernel': { palette: true, enablement: 'resourceExtname == .wgsl && isWorkspaceTrusted' },
  'attention.clearKernelCounts': { palette: true, enablement: contextKeys.kernelCounts },
  'attention.recordShapes': { palette: true },
  'attention.profileRecorded': { palette: true },
  'attention.showCallSites': { palette: true },
  'attention.refreshCallSites': { palette: false, icon: '$(refresh)' },
  'attention.profileSite': { palette: false },
  'attention.setSiteSizes': { palette: false },
  'attention.showLog': { palette: true },
  'attention.profile': { palette: false },
} as const satisfies Record<string, CommandContribution>;

export type CommandId = keyof typeof commands;

/** Where a kernel's command is offered beside the palette: the editor's run button, its menu, and the explorer's. */
export const kernelMenus = ['editor/title/run', 'editor/context', 'explorer/context'] as const;
export const kernelMenuItem = {
  command: 'attention.profileKernel',
  when: 'resourceExtname == .wgsl',
} as const satisfies { command: CommandId; when: string };

/** The view of all call sites, in the explorer once there is something to show. */
export const callSitesViewId = 'attention.callSites';
export const callSitesView = {
  id: callSitesViewId,
  name: '%view.callSites%',
  icon: 'media/icon.png',
  when: contextKeys.callSites,
} as const;
export const callSitesMenuItem = {
  command: 'attention.refreshCallSites',
  when: `view == ${callSitesViewId}`,
  group: 'navigation',
} as const satisfies { command: CommandId; when: string; group: string };

export type ContextKey = (typeof contextKeys)[keyof typeof contextKeys];

export interface Settings {
  /** A Node 20 or newer to run the GPU process with; empty: found by itself. */
  nodePath: string;
  /** `auto`, `hardware`, `software`, `embedded` or part of an adapter's name. */
  adapter: string;
  /** Seconds that one run may take before it is stopped; 0 for no limit. */
  timeBudgetSeconds: number;
  /** Timed samples of each run. */
  repeats: number;
  /** Ids of the catalogue, in the order in which they run. */
  algorithms: string[];
  /** A GPU of the device table whose caches are modelled where the table does not know the adapter. */
  gpu: string;
  /** Whether paused debug sessions are asked for the shapes of their tensors. */
  liveShapes: boolean;
  /** Whether a line above each attention call says what it costs. */
  callSiteLenses: boolean;
  /** Whether the shapes of q, k and v stand behind them in a call. */
  shapeHints: boolean;
  /** Whether calls are marked whose standard attention would not fit into the device's memory. */
  memoryWarnings: boolean;
  /** A Python 3.8 or newer that runs recordings; empty: found by itself. */
  pythonPath: string;
  /** Rows for the device table, still to be validated. */
  gpuTable: unknown[];
  /** Tokens at which a model's configuration shows its cost, shortest first. */
  modelSeqLens: number[];
}

export interface SettingContribution<T> {
  default: T;
  scope: 'machine' | 'machine-overridable' | 'window';
  /** Ignored in Restricted Mode, whatever the workspace says. */
  restricted: boolean;
  minimum?: number;
  maximum?: number;
}

export const settingsSection = 'attentionProfiler';

export const settings: { readonly [K in keyof Settings]: SettingContribution<Settings[K]> } = {
  adapter: { default: 'auto', scope: 'machine-overridable', restricted: false },
  algorithms: { default: ['standard', 'flash2'], scope: 'window', restricted: false },
  repeats: { default: 10, scope: 'window', restricted: false, minimum: 1, maximum: 1000 },
  timeBudgetSeconds: { default: 60, scope: 'window', restricted: false, minimum: 0, maximum: 86_400 },
  gpu: { default: 'a100-80gb-sxm', scope: 'window', restricted: false },
  gpuTable: { default: [], scope: 'window', restricted: false },
  nodePath: { default: '', scope: 'machine', restricted: true },
  modelSeqLens: { default: [2048, 8192, 32_768], scope: 'window', restricted: false },
  liveShapes: { default: true, scope: 'window', restricted: false },
  callSiteLenses: { default: true, scope: 'window', restricted: false },
  shapeHints: { default: false, scope: 'window', restricted: false },
  memoryWarnings: { default: false, scope: 'window', restricted: false },
  pythonPath: { default: '', scope: 'machine', restricted: true },
};

/** The panel: its view type, the event that restores it after a reload, and its files below dist. */
export const panelViewType = 'attention.panel';
export const panelFiles = { script: 'panel.js', style: 'panel.css' } as const;

export const statusBarItemId = 'attention.adapter';
export const outputChannelName = 'Attention Profiler';
/** Source of the diagnostics in kernels and manifests. */
export const problemsName = 'Attention Profiler';

/** Hovers need any document's language; a panel left open is restored. Commands activate by themselves. */
export const activationEvents = ['onLanguage', `onWebviewPanel:${panelViewType}`] as const;
