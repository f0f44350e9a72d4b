import { Disposable, StatusBarAlignment, window } from 'vscode';
import type { PanelState } from '../panel/protocol.ts';
import { type CommandId, statusBarItemId } from './contributions.ts';
import { type LastAdapter, shortName } from './lastAdapter.ts';

export interface StatusBarSources {
  adapter: () => LastAdapter | null;
  state: () => PanelState;
}

/** The adapter that profiles run on; while one runs, how far it is. Returns what updates it. */
export function createStatusBar(sources: StatusBarSources): Disposable & { update: () => void } {
  const item = window.createStatusBarItem(statusBarItemId, StatusBarAlignment.Right, 90);
  item.name = 'Attention Profiler: adapter';
  const update = () => {
    const state = sources.state();
    const content = state.kind === 'running' ? whileRunning(state) : whileIdle(sources.adapter());
    Object.assign(item, content, { accessibilityInformation: { label: content.label } });
  };
  update();
  item.show();
  return Object.assign(Disposable.from(item), { update });
}

interface Content {
  text: string;
  tooltip: string;
  label: string;
  command: CommandId;
}

function whileRunning({ title, message, fraction }: PanelState & { kind: 'running' }): Content {
  const percent = Math.floor(fraction * 100);
  return {
    text: `$(sync~spin) Attention ${percent}%`,
    tooltip: `Profiling ${title}: ${message}. Click to see the panel.`,
    label: `Attention Profiler: profiling ${title}, ${percent} percent`,
    command: 'attention.openPanel',
  };
}

function whileIdle(adapter: LastAdapter | null): Content {
  const name = adapter ? shorten(shortName(adapter)) : 'Attention';
  const text = adapter?.software ? `$(circuit-board) ${name} (software)` : `$(circuit-board) ${name}`;
  const label = adapter
    ? `Attention Profiler runs on ${adapter.name}${adapter.software ? ', a software adapter' : ''}`
    : 'Attention Profiler has not used an adapter yet';
  const caution = adapter?.software ? " Its times are not a GPU's; its counts and errors are exact." : '';
  return {
    text,
    label,
    tooltip: `${label}.${caution} Click to select an adapter.`,
    command: 'attention.selectAdapter',
  };
}

/** Short, and `$(icon)` in it is no icon. */
function shorten(name: string): string {
  const plain = name.replaceAll('$(', '(');
  return plain.length > 28 ? `${plain.slice(0, 27)}…` : plain;
}
