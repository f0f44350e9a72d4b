import { commands as vscodeCommands, window } from 'vscode';
import type { ProfileDocument } from '../profiler/document/schema.ts';
import type { CommandId } from './contributions.ts';

export function runCommand<T = unknown>(command: CommandId, ...rest: unknown[]): Thenable<T> {
  return vscodeCommands.executeCommand<T>(command, ...rest);
}

/** Shows what went wrong, with what can be done about it. Does not wait for an answer. */
export function showFailure(message: string, retry: (() => void) | null): void {
  const actions: Record<string, () => unknown> = {
    ...(retry ? { Retry: retry } : {}),
    'Select Adapter': () => runCommand('attention.selectAdapter'),
    'Show Log': () => runCommand('attention.showLog'),
  };
  window.showErrorMessage(`Attention Profiler: ${message}`, ...Object.keys(actions)).then((chosen) => {
    if (chosen !== undefined) actions[chosen]?.();
  });
}

/** What failed in a document that came to its end, as one message; null where nothing did. */
export function failuresOf(document: ProfileDocument): string | null {
  const failures = document.runs
    .filter(({ status }) => status === 'failed')
    .map(({ algorithm, pass, reason }) => `${algorithm} ${pass} failed: ${reason ?? 'no reason was given'}`);
  return failures.length > 0 ? failures.join(' ') : null;
}
