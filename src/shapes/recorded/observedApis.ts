import { cachedSizes, packedSizes, varlenSizes } from './flashSizes.ts';
import {
  embedded,
  headsFirst,
  type LayoutReader,
  memoryEfficient,
  type ReadSizes,
  sequenceFirst,
} from './layouts.ts';
import { type ObservedCall, typeOf } from './observedCall.ts';
import {
  alibiFlag,
  allOf,
  biasFlag,
  causalFlag,
  dropoutFlag,
  type OptionReader,
  scaleFlag,
  sinksFlag,
  softcapFlag,
  windowFlag,
  windowOf,
} from './optionFlags.ts';

/** How the calls of one function are read. */
export interface ObservedApi {
  /** As people write it: `F.scaled_dot_product_attention`. */
  title: string;
  sizes: (call: ObservedCall) => ReadSizes;
  options: OptionReader;
  /** The tensor whose dtype counts. */
  query: string;
}

/** Sizes by the layout of three named tensors. */
function laidOut(layout: LayoutReader, names: readonly [string, string, string]): ObservedApi['sizes'] {
  return ({ tensors }) => {
    const [q, k, v] = names.map((name) => tensors[name]);
    if (!q || !k || !v) return { error: `${names.join(', ')} are not all tensors` };
    const sizes = layout(q.shape, k.shape, v.shape);
    return sizes
      ? { sizes, notes: [] }
      : { error: 'the tensors do not have the sizes that the function takes' };
  };
}

function ofModule(
  order: 'batch-first' | 'sequence-first',
  names: readonly [string, string],
  headsFlag: string,
) {
  return ({ tensors, flags }: ObservedCall): ReadSizes => {
    const [q, k] = names.map((name) => tensors[name]);
    const heads = flags[headsFlag];
    const sizes = q && k && typeof heads === 'number' ? embedded(q.shape, k.shape, heads, order) : null;
    return sizes ? { sizes, notes: [] } : { error: 'query, key and number of heads do not go together' };
  };
}

const flash = allOf(
  causalFlag('causal', 'bottom-right'),
  dropoutFlag('dropout_p'),
  windowFlag,
  softcapFlag,
  alibiFlag,
  sinksFlag,
  scaleFlag('softmax_scale'),
);

const torchNames = ['query', 'key', 'value'] as const;
const flashNames = ['q', 'k', 'v'] as const;

/** Dropout of a module is on while it trains. */
const moduleDropout: OptionReader = (call) =>
  call.flags.training === false ? { options: {}, notes: [] } : dropoutFlag('dropout_p')(call);

/** With `is_causal` the mask is that of PyTorch's causal attention; the mask given beside it is the same again. */
const moduleMask: OptionReader = (call) => {
  const padding = call.flags.key_padding_mask
    ? ['key_padding_mask left out: which keys it hides is not known']
    : [];
  if (call.flags.is_causal === true) return { options: { causal: 'top-left' }, notes: padding };
  const { options, notes } = biasFlag('attn_mask')(call);
  // Three sizes are (batch x heads, query, key) here.
  const mask = call.flags.attn_mask;
  const rank = typeof mask === 'object' && mask !== null && 'shape' in mask ? mask.shape.length : 0;
  if (rank !== 3 || !options.bias) return { options, notes: [...notes, ...padding] };
  const { tensors, flags } = call;
  const heads = typeof flags.num_heads === 'number' ? flags.num_heads : 1;
  return { options: { bias: { batch: tensors.query?.shape[1] ?? 1, heads } }, notes: [...notes, ...padding] };
};

/** Masks of xFormers that a problem can say, by the name of their type. */
const memoryEfficientMask: OptionReader = (call) => {
  const type = typeOf(call.flags.attn_bias);
  if (type === 'LowerTriangularMask') return { options: { causal: 'top-left' }, notes: [] };
  if (type === 'LowerTriangularFromBottomRightMask')
    return { options: { causal: 'bottom-right' }, notes: [] };
  return biasFlag('attn_bias')(call);
};

/** JAX: one number for both sides or (left, right). */
const localWindow: OptionReader = ({ flags: { local_window_size: size, is_causal: causal } }) => {
  const [left, right] = Array.isArray(size) ? size : [size, size];
  const window = windowOf(left, causal === true ? null : right);
  return { options: window ? { window } : {}, notes: [] };
};

const lengthsOfJax: OptionReader = ({ flags }) => ({
  options: {},
  notes: ['query_seq_lengths', 'key_value_seq_lengths']
    .filter((name) => flags[name] != null)
    .map((name) => `${name} left out: the lengths are not known`),
});

const flashApi = (title: string, sizes: ObservedApi['sizes'], query = 'q'): ObservedApi => ({
  title,
  sizes,
  options: flash,
  query,
});

/** A block-diagonal mask lays sequences of unknown lengths end to end: what that costs cannot be told. */
function unlessPacked(read: ObservedApi['sizes']): ObservedApi['sizes'] {
  return (call) => {
    const type = typeOf(call.flags.attn_bias);
    if (type === null || !/^BlockDiagonal|^PagedBlockDiagonal/.test(type)) return read(call);
    return { error: `the lengths of the sequences in ${type} are not recorded` };
  };
}

/** The functions that the probe and the debugger see, each with how its arguments are laid out. */
export const observedApis: Readonly<Record<string, ObservedApi>> = {
  'torch.scaled_dot_product_attention': {
    title: 'F.scaled_dot_product_attention',
    sizes: laidOut(headsFirst, torchNames),
    options: allOf(
      causalFlag('is_causal', 'top-left'),
      dropoutFlag('dropout_p'),
      biasFlag('attn_mask'),
      scaleFlag('scale'),
    ),
    query: 'query',
  },
  'torch.multi_head_attention_forward': {
    title: 'nn.MultiheadAttention',
    sizes: ofModule('sequence-first', ['query', 'key'], 'num_heads'),
    options: allOf(moduleDropout, moduleMask),
    query: 'query',
  },
  'torch.native_multi_head_attention': {
    title: 'nn.MultiheadAttention (fast path)',
    sizes: ofModule('batch-first', ['query', 'key'], 'num_head'),
    options: ({ flags }) => ({
      options: {},
      notes: flags.mask ? ['mask left out: which keys it hides is not known'] : [],
    }),
    query: 'query',
  },
  'torch.transformer_encoder_layer': {
    title: 'nn.TransformerEncoderLayer (fast path)',
    sizes: ofModule('batch-first', ['src', 'src'], 'num_heads'),
    options: ({ flags }) => ({
      options: {},
      notes: flags.mask ? ['mask left out: which keys it hides is not known'] : [],
    }),
    query: 'src',
  },
  'torch.flex_attention': {
    title: 'flex_attention',
    sizes: laidOut(headsFirst, torchNames),
    options: ({ flags }) => ({
      options: {},
      notes: ['score_mod', 'block_mask']
        .filter((name) => flags[name] != null)
        .map((name) => `${name} left out: what it computes is not known`),
    }),
    query: 'query',
  },
  'torch.varlen_attn': {
    title: 'varlen_attn',
    sizes: varlenSizes(torchNames, {
      cuSeqlensQ: 'cu_seq_q',
      cuSeqlensK: 'cu_seq_k',
      maxSeqlenQ: 'max_q',
      maxSeqlenK: 'max_k',
    }),
    // It has no flag for a causal mask: a window that ends at the diagonal is one.
    options: ({ flags: { window_size: pair, is_causal: causal } }) => {
      const [left, right] = Array.isArray(pair) ? pair : [];
      const isCausal = causal === true || right === 0;
      const window = windowOf(left, isCausal ? null : right);
      return {
        options: { ...(isCausal ? { causal: 'bottom-right' as const } : {}), ...(window ? { window } : {}) },
        notes: [],
      };
    },
    query: 'query',
  },
  'flash_attn.func': flashApi('flash_attn_func', laidOut(sequenceFirst, flashNames)),
  'flash_attn.qkvpacked_func': flashApi('flash_attn_qkvpacked_func', packedSizes, 'qkv'),
  'flash_attn.kvpacked_func': flashApi('flash_attn_kvpacked_func', packedSizes),
  'flash_attn.varlen_func': flashApi('flash_attn_varlen_func', varlenSizes(flashNames)),
  'flash_attn.varlen_qkvpacked_func': flashApi('flash_attn_varlen_qkvpacked_func', varlenSizes('qkv'), 'qkv'),
  'flash_attn.varlen_kvpacked_func': flashApi('flash_attn_varlen_kvpacked_func', varlenSizes('kv')),
  'flash_attn.with_kvcache': flashApi('flash_attn_with_kvcache', cachedSizes('block_table')),
  'flash_attn3.func': flashApi('flash_attn_func (FlashAttention-3)', laidOut(sequenceFirst, flashNames)),
  'flash_attn3.varlen_func': flashApi('flash_attn_varlen_func (FlashAttention-3)', varlenSizes(flashNames)),
  'flash_attn3.with_kvcache': flashApi(
    'flash_attn_with_kvcache (FlashAttention-3)',
    cachedSizes('page_table'),
  ),
  'flash_attn4.func': flashApi('flash_attn_func (FlashAttention-4)', laidOut(sequenceFirst, flashNames)),
  'xformers.memory_efficient_attention': {
    title: 'memory_efficient_attention',
    sizes: unlessPacked(laidOut(memoryEfficient, torchNames)),
    options: allOf(memoryEfficientMask, dropoutFlag('p'), scaleFlag('scale')),
    query: 'query',
  },
  'jax.dot_product_attention': {
    title: 'jax.nn.dot_product_attention',
    sizes: laidOut(sequenceFirst, torchNames),
    options: allOf(
      causalFlag('is_causal', 'top-left'),
      localWindow,
      biasFlag('bias'),
      lengthsOfJax,
      ({ flags }) => ({
        options: {},
        notes: flags.mask != null ? ['mask left out: which keys it hides is not known'] : [],
      }),
    ),
    query: 'query',
  },
};
