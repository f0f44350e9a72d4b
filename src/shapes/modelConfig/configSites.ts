import type { Problem } from '../../attention/problem.ts';
import type { Result } from '../../attention/shape.ts';
import { type KeyPosition, keyPositions, positionsByPath } from './keyPositions.ts';
import { readModelConfig } from './readModelConfig.ts';
import type { Field, KeyPath, LayerGroup, LayerKind, Tower, TowerRole } from './types.ts';

/** How a size of a site is known, in the words of `attnprof shapes`. */
export type SiteBasis = 'config' | 'default';

/** One group of layers, as `attnprof shapes` prints a call site. What is not known is null. */
export interface ConfigSite {
  file: string;
  /** Line and column of the key that the heads come from, from 1. */
  line: number;
  column: number;
  api: 'config';
  problem: {
    batch: null;
    heads: number | null;
    kvHeads: number | null;
    seqLenQ: null;
    seqLenKv: null;
    headDim: number | null;
    headDimV: number | null;
    dtype: Problem['dtype'] | null;
    causal: Problem['causal'] | null;
    window: [left: number | null, right: number | null] | null;
    softcap: number | null;
    alibi: boolean | null;
    sinks: boolean | null;
  };
  /** Sizes that the input decides. */
  symbols: { batch: 'batch'; seqLenQ: 'seqLen'; seqLenKv: 'seqLen' };
  basis: Partial<Record<string, SiteBasis>>;
  evidence: { line: number; text: string; kind: SiteBasis }[];
  /** Which layers of the model these are. */
  layers: { tower: TowerRole; name: string; kind: LayerKind; count: number | null; obstacle: string | null };
}

const dtypes: Readonly<Record<string, Problem['dtype']>> = {
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
};

/** The longest file that is read; the largest configurations of models have some hundred kilobytes. */
export const longestConfig = 2 ** 20;

/**
 * The attention of a model configuration as sites, one for each group of layers of each tower, with the lines of
 * the keys that say so. `file` is repeated as given. An error is one line.
 */
export function configSites(file: string, text: string): Result<ConfigSite[]> {
  if (text.length > longestConfig) {
    return { ok: false, error: `${file}: longer than any model configuration (${longestConfig} characters)` };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, error: `${file}: not JSON` };
  }
  const model = readModelConfig(json);
  if (!model.ok) return { ok: false, error: `${file}: ${model.error}` };
  const lines = lineFinder(text);
  const at = positionsByPath(keyPositions(text));
  const sites = model.value.towers.flatMap((tower) =>
    tower.groups.map((group) => siteOf(file, tower, group, at, lines)),
  );
  return { ok: true, value: sites };
}

type Place = (path: KeyPath) => KeyPosition | null;
type Lines = (offset: number) => { line: number; column: number; text: string };

function siteOf(file: string, tower: Tower, group: LayerGroup, at: Place, lines: Lines): ConfigSite {
  const { heads, kvHeads, headDim, headDimV, window, causal, softcap, alibi, sinks } = group;
  const dtype = tower.dtype && (dtypes[tower.dtype.value] ?? null);
  const fields: Record<string, Field<unknown> | null> = {
    heads,
    kvHeads,
    headDim,
    headDimV,
    dtype: dtype && tower.dtype,
    causal,
    window: group.kind === 'sliding' ? window : null,
    softcap,
    alibi,
    sinks,
  };
  const known = Object.entries(fields).filter(
    (entry): entry is [string, Field<unknown>] => entry[1] !== null,
  );
  const evidence = evidenceOf([group.count, ...known.map(([, field]) => field)], at, lines);
  const place = (heads ? heads.keys : []).map(at).find((position) => position !== null);
  const { line, column } = lines(place?.start ?? at(tower.path)?.start ?? 0);
  return {
    file,
    line,
    column,
    api: 'config',
    problem: {
      batch: null,
      heads: heads?.value ?? null,
      kvHeads: kvHeads?.value ?? null,
      seqLenQ: null,
      seqLenKv: null,
      headDim: headDim?.value ?? null,
      headDimV: headDimV?.value ?? null,
      dtype,
      causal: causal === null ? null : causal.value && 'bottom-right',
      window: windowOf(group),
      softcap: softcap?.value ?? null,
      alibi: alibi?.value ?? null,
      sinks: sinks?.value ?? null,
    },
    symbols: { batch: 'batch', seqLenQ: 'seqLen', seqLenKv: 'seqLen' },
    basis: Object.fromEntries(known.map(([name, field]) => [name, basisOf(field)])),
    evidence,
    layers: {
      tower: tower.role,
      name: group.name,
      kind: group.kind,
      count: group.count?.value ?? null,
      obstacle: group.obstacle,
    },
  };
}

/** A value that rests on a class default anywhere is no fact of the file. */
function basisOf({ basis, restsOnDefault }: Field<unknown>): SiteBasis {
  return basis === 'default' || restsOnDefault ? 'default' : 'config';
}

function windowOf({ kind, window, causal }: LayerGroup): ConfigSite['problem']['window'] {
  if (kind !== 'sliding' || !window || !causal) return null;
  const side = Math.floor(window.value / 2);
  return causal.value ? [window.value - 1, null] : [side, side];
}

const longestEvidence = 120;

function evidenceOf(
  fields: readonly (Field<unknown> | null)[],
  at: Place,
  lines: Lines,
): ConfigSite['evidence'] {
  const found = new Map<number, ConfigSite['evidence'][number]>();
  for (const field of fields) {
    for (const path of field?.keys ?? []) {
      const position = at(path);
      if (!position) continue;
      const { line, text } = lines(position.start);
      found.set(line, { line, text: text.trim().slice(0, longestEvidence), kind: 'config' });
    }
  }
  return [...found.values()].sort((a, b) => a.line - b.line);
}

/** Lines and columns from 1. */
function lineFinder(text: string): Lines {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const start = starts[low]!;
    const end = starts[low + 1] ?? text.length + 1;
    return { line: low + 1, column: offset - start + 1, text: text.slice(start, Math.min(end, start + 400)) };
  };
}
