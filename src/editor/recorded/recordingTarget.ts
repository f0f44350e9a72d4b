import { type QuickPickItem, QuickPickItemKind, Uri, type WorkspaceFolder, window, workspace } from 'vscode';
import { type LaunchConfiguration, pythonLaunches } from './launchConfiguration.ts';

/** What is to run. */
export type RecordingTarget =
  | { kind: 'script'; file: Uri; args: string[] }
  | { kind: 'launch'; folder: WorkspaceFolder; configuration: LaunchConfiguration & { name: string } };

interface TargetItem extends QuickPickItem {
  choose?: () => Promise<RecordingTarget | null>;
}

/** The launch configurations of all folders that run Python. */
export function launchTargets(): Extract<RecordingTarget, { kind: 'launch' }>[] {
  return (workspace.workspaceFolders ?? []).flatMap((folder) =>
    pythonLaunches(workspace.getConfiguration('launch', folder.uri).get('configurations')).map(
      (configuration) => ({ kind: 'launch', folder, configuration }) as const,
    ),
  );
}

/** Asks what to run: the active Python file, another one, or a launch configuration. Null where the user leaves. */
export async function askTarget(): Promise<RecordingTarget | null> {
  const active = window.activeTextEditor?.document;
  const items: TargetItem[] = [];
  if (active?.languageId === 'python' && active.uri.scheme === 'file') {
    const file = active.uri;
    const label = workspace.asRelativePath(file);
    items.push(
      { label: `$(play) ${label}`, description: 'the active file', choose: async () => script(file, []) },
      { label: `$(terminal) ${label} ...`, description: 'with arguments', choose: () => askArguments(file) },
    );
  }
  items.push({ label: '$(folder-opened) Choose a Python file...', choose: askFile });
  const launches = launchTargets();
  if (launches.length > 0) items.push({ label: 'Launch configurations', kind: QuickPickItemKind.Separator });
  for (const target of launches) {
    items.push({
      label: `$(debug-alt) ${target.configuration.name}`,
      description: target.folder.name,
      choose: async () => target,
    });
  }
  const chosen = await window.showQuickPick(items, {
    title: 'Attention: Record Shapes of a Run',
    placeHolder: 'What to run. It runs as ever; sizes, dtypes and flags of its attention calls are noted.',
  });
  return (await chosen?.choose?.()) ?? null;
}

const script = (file: Uri, args: string[]): RecordingTarget => ({ kind: 'script', file, args });

async function askArguments(file: Uri): Promise<RecordingTarget | null> {
  const text = await window.showInputBox({
    title: `Arguments of ${workspace.asRelativePath(file)}`,
    placeHolder: '--batch-size 8 --name "two words"',
  });
  return text === undefined ? null : script(file, splitArguments(text));
}

async function askFile(): Promise<RecordingTarget | null> {
  const [folder] = workspace.workspaceFolders ?? [];
  const chosen = await window.showOpenDialog({
    title: 'The Python program to run',
    filters: { Python: ['py'] },
    ...(folder ? { defaultUri: folder.uri } : {}),
  });
  const file = chosen?.[0];
  return file ? script(Uri.file(file.fsPath), []) : null;
}

/** Splits at blanks outside of quotes. No shell is asked. */
export function splitArguments(text: string): string[] {
  const words = text.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}
