import type { AttentionApi } from '../apis/row.ts';
import type { Analysis } from './analysis.ts';
import type { Dim } from './dim.ts';
import * as dims from './dim.ts';
import type { SiteDraft } from './draft.ts';
import { asDim, asItems, asNumber } from './ops/operation.ts';
import type { Layer, Value } from './value.ts';

/** Heads and widths of a layer, by the arguments that it was built with. */
export function layerSizes(
  analysis: Analysis,
  api: AttentionApi,
  built: Map<string, Value>,
  draft: SiteDraft,
  layer: Layer,
): void {
  if (layer.args.open) return;
  const size = (name: string): Dim | null => {
    const value = built.get(name);
    return value && value.kind !== 'none' ? asDim(value, analysis.symbols) : null;
  };
  const over = (whole: Dim | null, parts: Dim | null) =>
    whole && parts ? dims.floorDivide(whole, parts) : null;
  const { sizes } = draft;
  const width = draft.tensors[0]?.tensor.shape?.at(-1) ?? null;
  const heads = size('num_heads');
  switch (api.derive) {
    case 'torchMultihead':
      sizes.heads = sizes.kvHeads = heads;
      sizes.headDim = sizes.headDimV = over(size('embed_dim'), heads);
      break;
    case 'kerasMultihead': {
      sizes.heads = sizes.kvHeads = heads;
      sizes.headDim = size('key_dim');
      sizes.headDimV = size('value_dim') ?? sizes.headDim;
      const axes = built.get('attention_axes');
      if (axes && axes.kind !== 'none') attentionAxes(draft, axes);
      break;
    }
    case 'kerasGrouped':
      sizes.heads = size('num_query_heads');
      sizes.kvHeads = size('num_key_value_heads');
      sizes.headDim = sizes.headDimV = size('head_dim');
      break;
    case 'linenMultihead':
      sizes.heads = sizes.kvHeads = heads;
      sizes.headDim = sizes.headDimV = over(size('qkv_features') ?? width, heads);
      break;
    case 'nnxMultihead':
      sizes.heads = heads;
      sizes.kvHeads = size('num_kv_heads') ?? heads;
      sizes.headDim = sizes.headDimV = over(size('qkv_features') ?? size('in_features'), heads);
      break;
    case 'equinoxMultihead':
      sizes.heads = sizes.kvHeads = heads;
      sizes.headDim = size('qk_size') ?? over(size('query_size'), heads);
      sizes.headDimV = size('vo_size') ?? over(size('query_size'), heads);
      break;
    case 'engine':
      sizes.heads = heads;
      sizes.kvHeads = size('num_kv_heads') ?? heads;
      sizes.headDim = sizes.headDimV = size('head_size') ?? size('head_dim');
      break;
    default:
      if (api.special === 'transformerEngine') {
        sizes.heads ??= size('num_attention_heads');
        sizes.headDim ??= size('kv_channels');
      }
  }
}

/** Keras attends along the axes that are named; all others but the last are batch. */
function attentionAxes(draft: SiteDraft, axes: Value): void {
  const { sizes } = draft;
  const list = (asItems(axes) ?? [axes]).map(asNumber);
  const shapes = ['query', 'value'].map(
    (name) => draft.tensors.find((t) => t.name === name)?.tensor.shape ?? null,
  );
  const [q, v] = shapes;
  if (!q || list.some((axis) => axis === null)) {
    sizes.batch = sizes.seqLenQ = sizes.seqLenKv = null;
    return;
  }
  const places = list.map((axis) => (axis! < 0 ? axis! + q.length : axis!));
  const product = (shape: Dim[], wanted: (index: number) => boolean) =>
    dims.product(shape.slice(0, -1).filter((_, index) => wanted(index)));
  sizes.batch = product(q, (index) => !places.includes(index));
  sizes.seqLenQ = product(q, (index) => places.includes(index));
  sizes.seqLenKv = v ? product(v, (index) => places.includes(index)) : null;
}
