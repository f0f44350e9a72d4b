import { formatBytes, formatFlops, formatInteger } from '../attention/units.ts';
import type { AlgorithmTraffic, LayerCost, TowerCost, TowerTotal } from '../shapes/modelConfig/modelCost.ts';
import { escapeMarkdown, shortened } from './hoverText.ts';

/** Costs of one tower at every length; `decode` is empty where it does not decode. */
export interface TowerCosts {
  prefill: readonly TowerCost[];
  decode: readonly TowerCost[];
}

/** More kinds of layers than this are not listed one by one. */
export const mostGroups = 4;

/** The figures of one layer or of all of them at one length. */
interface Figures {
  flops: bigint | null;
  bound: bigint | null;
  traffic: readonly Pick<AlgorithmTraffic, 'id' | 'bytes'>[];
  cacheBytes: number | null;
}

const ofLayer = ({ flops, bound, traffic, cache }: LayerCost): Figures => ({
  flops: flops.value,
  bound: bound.bytes,
  traffic,
  cacheBytes: cache?.layerBytes ?? null,
});

const ofTotal = ({ flops, bound, traffic, cache }: TowerTotal): Figures => ({
  flops: flops.value,
  bound: bound.bytes,
  traffic,
  cacheBytes: cache.bytes,
});

/** All layers together first, for a hover shows its first lines; then one layer of each kind. */
export function costTables({ prefill, decode }: TowerCosts): string[] {
  const [first] = prefill;
  if (!first || first.layers.length === 0) return [];
  const lengths = prefill.map(({ seqLen }) => seqLen);
  const { costedLayers } = first.total;
  const tables: string[] = [];
  // Of one layer alone the sums would be the same once more.
  if (costedLayers !== null && costedLayers > 1) {
    const totals = (costs: readonly TowerCost[]) => costs.map(({ total }) => ofTotal(total));
    tables.push(table(`All ${formatInteger(costedLayers)} layers`, lengths, totals(prefill), totals(decode)));
  }
  for (const { group } of first.layers.slice(0, mostGroups)) {
    const layers = (costs: readonly TowerCost[]) =>
      costs.map(({ layers }) => {
        const layer = layers.find((each) => each.group === group);
        return layer ? ofLayer(layer) : null;
      });
    const name = first.layers.length === 1 ? '' : ` of ${escapeMarkdown(shortened(group.name))}`;
    tables.push(table(`One layer${name}`, lengths, layers(prefill), layers(decode)));
  }
  return tables;
}

/** One column for each length, one row for each figure that there is. */
function table(
  name: string,
  lengths: readonly number[],
  prefill: readonly (Figures | null)[],
  decode: readonly (Figures | null)[],
): string {
  const heads = lengths.map((length) => `&emsp;${formatInteger(length)} tokens`);
  const lines = [`| **${name}** | ${heads.join(' | ')} |`, `|:--|${'--:|'.repeat(lengths.length)}`];
  const add = (title: string, cells: readonly (string | null)[]) => {
    if (cells.some((cell) => cell !== null)) {
      lines.push(`| ${title} | ${cells.map((cell) => cell ?? '–').join(' | ')} |`);
    }
  };
  add(
    'K/V cache (modelled)',
    prefill.map((each) => bytesOf(each?.cacheBytes)),
  );
  const phases = [
    [decode.length > 0 ? 'Prefill' : 'Whole sequence', prefill],
    ['Decode a token', decode],
  ] as const;
  for (const [phase, figures] of phases) {
    const flops = figures.map((each) => (each?.flops == null ? null : formatFlops(each.flops)));
    add(`${phase}: arithmetic (exact)`, flops);
    const ids = new Set(figures.flatMap((each) => each?.traffic.map(({ id }) => id) ?? []));
    for (const id of ids) {
      const bytes = figures.map((each) => bytesOf(each?.traffic.find((row) => row.id === id)?.bytes));
      add(`${phase}: HBM bytes, ${id} (exact)`, bytes);
    }
    add(
      `${phase}: HBM bytes (bound)`,
      figures.map((each) => bytesOf(each?.bound)),
    );
  }
  return lines.join('\n');
}

function bytesOf(bytes: number | bigint | null | undefined): string | null {
  return bytes == null ? null : formatBytes(bytes);
}
