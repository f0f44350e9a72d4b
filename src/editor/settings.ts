import { type Disposable, workspace } from 'vscode';
import { maxSeqLen } from '../attention/shape.ts';
import { type Settings, settings, settingsSection } from './contributions.ts';

/**
 * The settings as they may be used now. What has the wrong type or is out of range falls back to the default:
 * settings files are written by hand, and by workspaces. A restricted setting counts only in a trusted one.
 */
export function readSettings(): Settings {
  const section = workspace.getConfiguration(settingsSection);
  return {
    nodePath: workspace.isTrusted ? textOf(section.get('nodePath'), settings.nodePath.default) : '',
    adapter: textOf(section.get('adapter'), settings.adapter.default) || settings.adapter.default,
    timeBudgetSeconds: numberOf(section.get('timeBudgetSeconds'), settings.timeBudgetSeconds),
    repeats: Math.round(numberOf(section.get('repeats'), settings.repeats)),
    algorithms: listOf(section.get('algorithms'), settings.algorithms.default),
    gpu: textOf(section.get('gpu'), settings.gpu.default) || settings.gpu.default,
    liveShapes: section.get('liveShapes') !== false,
    callSiteLenses: section.get('callSiteLenses') !== false,
    shapeHints: section.get('shapeHints') === true,
    memoryWarnings: section.get('memoryWarnings') === true,
    pythonPath: workspace.isTrusted ? textOf(section.get('pythonPath'), settings.pythonPath.default) : '',
    gpuTable: rowsOf(section.get('gpuTable')),
    modelSeqLens: lengthsOf(section.get('modelSeqLens'), settings.modelSeqLens.default),
  };
}

export function onSettingChanged(name: keyof Settings, listener: () => void): Disposable {
  return workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(`${settingsSection}.${name}`)) listener();
  });
}

function textOf(value: unknown, fallback: string): string {
  return typeof value === 'string' && value.length <= 1000 ? value.trim() : fallback;
}

function numberOf(
  value: unknown,
  { default: fallback, minimum, maximum }: { default: number; minimum?: number; maximum?: number },
): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return fallback;
  return Math.min(Math.max(value, minimum ?? value), maximum ?? value);
}

/** Rows as they are: what they say is validated where they are read. */
function rowsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function listOf(value: unknown, fallback: string[]): string[] {
  if (!Array.isArray(value)) return fallback;
  const names = value.filter((name): name is string => typeof name === 'string' && name !== '');
  return names.length > 0 ? [...new Set(names)] : fallback;
}

/** A hover with more columns than this cannot be read. */
const mostLengths = 6;

/** Lengths of sequences, shortest first, each once. */
function lengthsOf(value: unknown, fallback: number[]): number[] {
  if (!Array.isArray(value)) return fallback;
  const lengths = value.filter((each) => Number.isInteger(each) && each >= 1 && each <= maxSeqLen);
  return lengths.length > 0 ? [...new Set(lengths)].sort((a, b) => a - b).slice(0, mostLengths) : fallback;
}
