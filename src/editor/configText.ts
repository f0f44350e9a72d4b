import type { CatalogueRow } from '../attention/catalogue.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import { formatBytes, formatInteger } from '../attention/units.ts';
import { type LayerCost, type TowerCost, towerCost } from '../shapes/modelConfig/modelCost.ts';
import type { Phase } from '../shapes/modelConfig/problems.ts';
import type { Field, LayerGroup, ModelAttention, Tower } from '../shapes/modelConfig/types.ts';
import { costTables, mostGroups } from './configTables.ts';
import { escapeMarkdown, shortened } from './hoverText.ts';

export interface ConfigTextOptions {
  model: ModelAttention;
  /** The tower that the key under the mouse belongs to. */
  tower: Tower;
  /** Lengths to show the cost at, shortest first. */
  seqLens: readonly number[];
  /** Algorithms that a profile would run on a whole sequence, and on one token against a cache. */
  rows: Record<Phase, readonly CatalogueRow[]>;
  limits: DeviceLimits;
  /** Whose limits these are: `the limits of NVIDIA A100`. */
  limitsOf: string;
  /** Markdown of the link that profiles one layer. */
  link: (layer: LayerCost, phase: Phase) => string | null;
}

/**
 * The hover's Markdown for a model configuration: what the tower's layers are and how each size is known, the cost
 * of one layer and of all of them at every length, the cache, and the tilings assumed. No GPU is touched.
 */
export function configText(options: ConfigTextOptions): string {
  const { model, tower } = options;
  const lengths = tower.seqLen
    ? [tower.seqLen.value]
    : tower.role === 'vision' || tower.role === 'audio'
      ? []
      : options.seqLens;
  const costs = (phase: Phase) =>
    lengths.map((seqLen) =>
      towerCost(tower, model.format, {
        phase,
        batch: 1,
        seqLen,
        rows: options.rows[phase],
        limits: options.limits,
      }),
    );
  const prefill = costs('prefill');
  const decode = tower.cached ? costs('decode') : [];
  const parts = [
    [
      title(model, tower),
      ...tower.groups.slice(0, mostGroups).map(describeGroup),
      links(options, prefill, decode),
    ]
      .filter((line) => line !== '')
      .join('  \n'),
    ...costTables({ prefill, decode }),
    notes(options, prefill, decode).join('  \n'),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function title(model: ModelAttention, tower: Tower): string {
  const name = tower.modelType ?? model.modelType;
  const words = [
    ...(name === null ? [] : [escapeMarkdown(name)]),
    ...(tower.role === 'text' ? [] : [tower.role]),
    named('layers', tower.layers),
    named('longest', tower.maxSeqLen),
    tower.dtype ? `${escapeMarkdown(tower.dtype.value)}${source(tower.dtype)}` : '',
  ];
  return `**Attention** ${words.filter((word) => word !== '').join(' · ')}`;
}

/** What a kind of layers does, each size with where it is known from. */
function describeGroup(group: LayerGroup): string {
  const { name, count, heads, kvHeads, headDim, headDimV, causal, window, latent } = group;
  const layers = count
    ? `${formatInteger(count.value)} × ${escapeMarkdown(shortened(name))}`
    : escapeMarkdown(name);
  if (group.obstacle !== null) return `${layers}: *not costed, ${escapeMarkdown(shortened(group.obstacle))}*`;
  const words = [
    named('heads', heads),
    kvHeads?.value === heads?.value ? '' : named('K/V heads', kvHeads),
    named('head dim', headDim),
    headDimV?.value === headDim?.value ? '' : named('values', headDimV),
    latent
      ? `${named('latent', latent.kvLoraRank)} + ${formatInteger(latent.qkRopeHeadDim.value)} rotary`
      : '',
    window ? named(group.kind === 'chunked' ? 'chunks of' : 'window', window) : '',
    causal === null ? 'mask not known' : causal.value ? 'causal' : 'both sides',
    group.softcap ? named('softcap', group.softcap) : '',
    group.alibi?.value ? 'ALiBi' : '',
    group.sinks?.value ? 'sinks' : '',
  ];
  return `${layers}: ${words.filter((word) => word !== '').join(' · ')}`;
}

function named(name: string, field: Field<number> | null): string {
  return field ? `${name} ${formatInteger(field.value)}${source(field)}` : '';
}

/** Where a value is from: nothing for a key of its own, which is what one reads anyway. */
function source({ basis, from, restsOnDefault }: Field<unknown>): string {
  if (basis === 'config') return '';
  if (basis === 'default') return ` *(default of ${escapeMarkdown(from)})*`;
  const rest = restsOnDefault ? ', from a class default' : '';
  return ` *(${escapeMarkdown(shortened(from))}${rest})*`;
}

function links({ link }: ConfigTextOptions, prefill: TowerCost[], decode: TowerCost[]): string {
  const first = ([cost]: TowerCost[], phase: Phase) => {
    const runnable = cost?.layers.filter(({ layer }) => layer.runnable) ?? [];
    const layer = runnable.find(({ group }) => group.kind === 'full') ?? runnable[0];
    return layer ? link(layer, phase) : null;
  };
  return [first(prefill, 'prefill'), first(decode, 'decode')].filter((each) => each !== null).join(' · ');
}

function notes(
  { model, tower, limitsOf }: ConfigTextOptions,
  prefill: readonly TowerCost[],
  decode: readonly TowerCost[],
): string[] {
  const [first] = prefill;
  const lines: string[] = [];
  if (!first && tower.groups.some(({ obstacle }) => obstacle === null)) {
    lines.push('No cost: how many tokens it sees comes from the input.');
  }
  if (first && first.assumptions.length > 0)
    lines.push(`Batch 1; ${first.assumptions.map(escapeMarkdown).join('; ')}.`);
  else if (first) lines.push('Batch 1.');
  const longest = tower.maxSeqLen?.value;
  const beyond = prefill.filter(({ seqLen }) => longest !== undefined && seqLen > longest);
  if (beyond.length > 0) {
    const which = beyond.map(({ seqLen }) => formatInteger(seqLen)).join(' and ');
    lines.push(`${which} tokens are beyond the ${formatInteger(longest)} that the model is made for.`);
  }
  const perToken = decode[0]?.total.cache.bytesPerToken;
  if (perToken != null)
    lines.push(`K/V cache (modelled): ${formatBytes(perToken)} for each token that all layers keep.`);
  for (const reason of new Set([...prefill, ...decode].flatMap(unrun)))
    lines.push(`${escapeMarkdown(reason)}.`);
  for (const note of model.notes) lines.push(`${note}.`);
  const tilings = tilingWords([...prefill, ...decode]);
  if (tilings !== '') lines.push(`Tiling assumed: ${tilings}, from ${escapeMarkdown(limitsOf)}.`);
  return lines;
}

/** Algorithms without a number, and what does not run where its number holds. */
function unrun({ layers, seqLen }: TowerCost): string[] {
  return layers.flatMap(({ traffic }) =>
    traffic.flatMap(({ id, bytes, reason }) => {
      if (reason === null) return [];
      return [bytes === null ? `${id}: ${reason}` : `${id} at ${formatInteger(seqLen)} tokens: ${reason}`];
    }),
  );
}

function tilingWords(costs: readonly TowerCost[]): string {
  const words = new Map<string, Set<string>>();
  for (const { traffic } of costs.flatMap(({ layers }) => layers)) {
    for (const { id, tiling } of traffic) {
      if (!tiling) continue;
      const tile = `br=${tiling.br} bc=${tiling.bc}`;
      words.set(id, (words.get(id) ?? new Set()).add(tile));
    }
  }
  return [...words].map(([id, tiles]) => `${id} ${[...tiles].join(' or ')}`).join(', ');
}
