import { describe, expect, test } from 'vitest';
import { formatShape } from '../../../../src/attention/shape.ts';
import { distinctShapes, liveShapeOf } from '../../../../src/shapes/recorded/liveShape.ts';
import type { Flag, ObservedCall, TensorFacts } from '../../../../src/shapes/recorded/observedCall.ts';

const tensor = (...shape: number[]): TensorFacts => ({ shape, dtype: 'float16', device: 'cuda:0' });
const call = (
  api: string,
  tensors: Record<string, TensorFacts>,
  flags: Record<string, Flag> = {},
): ObservedCall => ({ api, tensors, flags });

const torch = (q: TensorFacts, k = q, v = k) => ({ query: q, key: k, value: v });
const flash = (q: TensorFacts, k = q, v = k) => ({ q, k, v });

function read(observed: ObservedCall) {
  const shape = liveShapeOf(observed);
  if (!shape.ok) return shape.error;
  const { problem, notes } = shape.value;
  return { shape: formatShape(problem), problem, notes };
}

describe('sizes', () => {
  // The expected sizes are those that the documentation of each function gives its tensors.
  const cases: [string, ObservedCall, string][] = [
    [
      'SDPA is batch, heads, sequence, head dim',
      call('torch.scaled_dot_product_attention', torch(tensor(2, 12, 64, 32))),
      '2,12,64,32',
    ],
    [
      'SDPA with fewer heads and more keys',
      call(
        'torch.scaled_dot_product_attention',
        torch(tensor(2, 8, 7, 32), tensor(2, 2, 19, 32), tensor(2, 2, 19, 48)),
      ),
      'b=2 h=8 kv=2 n=7 m=19 d=32 dv=48',
    ],
    [
      'SDPA of three sizes has one head',
      call('torch.scaled_dot_product_attention', torch(tensor(2, 3, 8))),
      '2,1,3,8',
    ],
    ['SDPA of two sizes', call('torch.scaled_dot_product_attention', torch(tensor(3, 8))), '1,1,3,8'],
    [
      'SDPA of five sizes',
      call('torch.scaled_dot_product_attention', torch(tensor(5, 2, 3, 4, 8))),
      '10,3,4,8',
    ],
    [
      'SDPA broadcasts one batch entry and one head',
      call('torch.scaled_dot_product_attention', torch(tensor(1, 4, 3, 8), tensor(6, 1, 5, 8))),
      'b=6 h=4 kv=1 n=3 m=5 d=8',
    ],
    [
      'flex_attention is like SDPA',
      call('torch.flex_attention', torch(tensor(1, 4, 16, 8), tensor(1, 2, 16, 8))),
      'b=1 h=4 kv=2 n=16 d=8',
    ],
    [
      'the forward of MultiheadAttention is sequence first',
      call('torch.multi_head_attention_forward', torch(tensor(20, 3, 64), tensor(30, 3, 64)), {
        num_heads: 4,
      }),
      'b=3 h=4 n=20 m=30 d=16',
    ],
    [
      'its fast path is batch first',
      call('torch.native_multi_head_attention', torch(tensor(3, 20, 64)), { num_head: 4 }),
      '3,4,20,16',
    ],
    [
      'an encoder layer has one input',
      call('torch.transformer_encoder_layer', { src: tensor(3, 20, 64) }, { num_heads: 4 }),
      '3,4,20,16',
    ],
    [
      'without a batch',
      call('torch.multi_head_attention_forward', torch(tensor(20, 64)), { num_heads: 4 }),
      '1,4,20,16',
    ],
    [
      'flash-attn is batch, sequence, heads, head dim',
      call('flash_attn.func', flash(tensor(2, 64, 12, 32))),
      '2,12,64,32',
    ],
    [
      'with shared keys',
      call('flash_attn.func', flash(tensor(2, 7, 8, 32), tensor(2, 19, 2, 32))),
      'b=2 h=8 kv=2 n=7 m=19 d=32',
    ],
    ['qkv packed', call('flash_attn.qkvpacked_func', { qkv: tensor(2, 64, 3, 12, 32) }), '2,12,64,32'],
    [
      'kv packed',
      call('flash_attn.kvpacked_func', { q: tensor(2, 7, 8, 32), kv: tensor(2, 19, 2, 4, 32) }),
      'b=2 h=8 kv=4 n=7 m=19 d=32',
    ],
    [
      'a cache of known length',
      call(
        'flash_attn.with_kvcache',
        {
          q: tensor(2, 1, 8, 64),
          k_cache: tensor(2, 512, 2, 64),
          v_cache: tensor(2, 512, 2, 64),
          k: tensor(2, 1, 2, 64),
        },
        { cache_seqlens: 16 },
      ),
      'b=2 h=8 kv=2 n=1 m=17 d=64',
    ],
    [
      'a cache in pages',
      call(
        'flash_attn.with_kvcache',
        { q: tensor(2, 1, 8, 64), k_cache: tensor(90, 16, 2, 64), v_cache: tensor(90, 16, 2, 64) },
        { block_table: { shape: [2, 5], dtype: 'int32', device: 'cuda:0' }, cache_seqlens: tensor(2) },
      ),
      'b=2 h=8 kv=2 n=1 m=80 d=64',
    ],
    ['xFormers', call('xformers.memory_efficient_attention', torch(tensor(2, 64, 12, 32))), '2,12,64,32'],
    [
      'xFormers with groups',
      call('xformers.memory_efficient_attention', torch(tensor(2, 7, 2, 4, 32), tensor(2, 19, 2, 4, 32))),
      'b=2 h=8 kv=2 n=7 m=19 d=32',
    ],
    [
      'xFormers, heads in the batch',
      call('xformers.memory_efficient_attention', torch(tensor(24, 64, 32))),
      '24,1,64,32',
    ],
    [
      'JAX',
      call('jax.dot_product_attention', torch(tensor(2, 7, 8, 32), tensor(2, 19, 2, 32))),
      'b=2 h=8 kv=2 n=7 m=19 d=32',
    ],
    ['JAX without a batch', call('jax.dot_product_attention', torch(tensor(7, 8, 32))), '1,8,7,32'],
  ];
  for (const [name, observed, shape] of cases) {
    test(name, () => expect(read(observed)).toMatchObject({ shape }));
  }
});

describe('sequences laid end to end', () => {
  const cu = (batch: number): TensorFacts => ({ shape: [batch + 1], dtype: 'int32', device: 'cuda:0' });
  const flags = {
    cu_seqlens_q: cu(4),
    cu_seqlens_k: cu(4),
    max_seqlen_q: 128,
    max_seqlen_k: 128,
    causal: true,
  };

  test('of equal length are a batch', () => {
    expect(read(call('flash_attn.varlen_func', flash(tensor(512, 8, 64)), flags))).toMatchObject({
      shape: '4,8,128,64',
      notes: [],
    });
  });

  test('of other lengths are taken as the longest, and it is said', () => {
    expect(
      read(call('flash_attn.varlen_func', flash(tensor(300, 8, 64), tensor(300, 2, 64)), flags)),
    ).toMatchObject({
      shape: 'b=4 h=8 kv=2 n=128 d=64',
      notes: [expect.stringMatching(/4 sequences of 300 queries and 300 keys in all.*longest/)],
    });
  });

  test('packed in one tensor', () => {
    const packed = { cu_seqlens: cu(2), max_seqlen: 64 };
    expect(
      read(call('flash_attn.varlen_qkvpacked_func', { qkv: tensor(128, 3, 8, 64) }, packed)),
    ).toMatchObject({
      shape: '2,8,64,64',
      notes: [],
    });
  });

  test('without the longest length are not known', () => {
    expect(read(call('flash_attn.varlen_func', flash(tensor(300, 8, 64)), { cu_seqlens_q: cu(4) }))).toMatch(
      /longest/,
    );
    expect(
      read(
        call('xformers.memory_efficient_attention', torch(tensor(1, 300, 8, 64)), {
          attn_bias: { type: 'BlockDiagonalMask' },
        }),
      ),
    ).toMatch(/lengths/);
  });

  test('whose window ends at the diagonal are causal', () => {
    const varlen = { cu_seq_q: cu(2), cu_seq_k: cu(2), max_q: 64, max_k: 64, window_size: [-1, 0] };
    expect(read(call('torch.varlen_attn', torch(tensor(128, 8, 64)), varlen))).toMatchObject({
      shape: '2,8,64,64',
      problem: { causal: 'bottom-right', window: null },
    });
  });
});

describe('options', () => {
  const sdpa = (flags: Record<string, Flag>) =>
    read(call('torch.scaled_dot_product_attention', torch(tensor(2, 8, 16, 32)), flags));
  const fa = (flags: Record<string, Flag>) =>
    read(call('flash_attn.func', flash(tensor(2, 16, 8, 32)), flags));

  test('a causal mask of PyTorch starts top left, one of flash-attn ends bottom right', () => {
    expect(sdpa({ is_causal: true })).toMatchObject({ problem: { causal: 'top-left', dtype: 'f16' } });
    expect(fa({ causal: true })).toMatchObject({ problem: { causal: 'bottom-right' } });
    expect(sdpa({ is_causal: false })).toMatchObject({ problem: { causal: false } });
    expect(
      read(call('jax.dot_product_attention', torch(tensor(2, 16, 8, 32)), { is_causal: true })),
    ).toMatchObject({
      problem: { causal: 'top-left' },
    });
  });

  test('windows, softcap, slopes, sinks and dropout', () => {
    const slopes: TensorFacts = { shape: [8], dtype: 'float32', device: 'cuda:0' };
    expect(
      fa({
        causal: true,
        window_size: [128, -1],
        softcap: 30,
        alibi_slopes: slopes,
        dropout_p: 0.1,
        softmax_scale: 0.25,
      }),
    ).toMatchObject({
      problem: {
        causal: 'bottom-right',
        window: { left: 128, right: null },
        softcap: 30,
        alibi: true,
        dropout: 0.1,
      },
      notes: [expect.stringContaining('slopes'), 'scale 0.25'],
    });
    expect(fa({ window_size: [-1, -1], softcap: 0, dropout_p: 0 })).toMatchObject({
      problem: { window: null, softcap: null, dropout: null, alibi: false },
      notes: [],
    });
    expect(fa({ causal: true, window_size: [4, 9] })).toMatchObject({
      problem: { window: { left: 4, right: null } },
    });
    expect(
      read(call('flash_attn4.func', flash(tensor(2, 16, 8, 32)), { learnable_sink: tensor(8) })),
    ).toMatchObject({
      problem: { sinks: true },
    });
  });

  test('masks by what they broadcast to', () => {
    const f32 = (...shape: number[]): TensorFacts => ({ shape, dtype: 'float32', device: 'cpu' });
    expect(sdpa({ attn_mask: f32(16, 16) })).toMatchObject({
      problem: { bias: { batch: 1, heads: 1 } },
      notes: [],
    });
    expect(sdpa({ attn_mask: f32(8, 16, 16) })).toMatchObject({ problem: { bias: { batch: 1, heads: 8 } } });
    expect(sdpa({ attn_mask: f32(2, 1, 16, 16) })).toMatchObject({
      problem: { bias: { batch: 2, heads: 1 } },
    });
    expect(sdpa({ attn_mask: { shape: [2, 1, 1, 16], dtype: 'bool', device: 'cpu' } })).toMatchObject({
      problem: { bias: null },
      notes: [expect.stringContaining('which keys it hides is not known')],
    });
    expect(sdpa({ attn_mask: { shape: [16, 16], dtype: 'bool', device: 'cpu' } })).toMatchObject({
      problem: { bias: { batch: 1, heads: 1 } },
      notes: [expect.stringContaining('as a bias of f32')],
    });
    expect(sdpa({ attn_mask: f32(3, 1, 16, 16) })).toMatch(/bias has batch 3/);
  });

  test('of a module: dropout while it trains, its own mask, padding said', () => {
    const mha = (flags: Record<string, Flag>) =>
      read(call('torch.multi_head_attention_forward', torch(tensor(20, 3, 64)), { num_heads: 4, ...flags }));
    expect(mha({ dropout_p: 0.1, training: true })).toMatchObject({ problem: { dropout: 0.1 } });
    expect(mha({ dropout_p: 0.1, training: false })).toMatchObject({ problem: { dropout: null } });
    expect(mha({ attn_mask: tensor(12, 20, 20) })).toMatchObject({
      problem: { bias: { batch: 3, heads: 4 } },
    });
    expect(mha({ attn_mask: tensor(20, 20), is_causal: true })).toMatchObject({
      problem: { causal: 'top-left', bias: null },
    });
    expect(mha({ key_padding_mask: tensor(3, 20) })).toMatchObject({
      notes: [expect.stringContaining('key_padding_mask')],
    });
  });

  test('masks of xFormers by their type', () => {
    const of = (type: string) =>
      read(call('xformers.memory_efficient_attention', torch(tensor(2, 16, 8, 32)), { attn_bias: { type } }));
    expect(of('LowerTriangularMask')).toMatchObject({ problem: { causal: 'top-left' } });
    expect(of('LowerTriangularFromBottomRightMask')).toMatchObject({ problem: { causal: 'bottom-right' } });
    expect(of('SomethingElse')).toMatchObject({
      problem: { causal: false },
      notes: [expect.stringContaining('SomethingElse')],
    });
  });

  test('windows of JAX', () => {
    const jax = (kv: number, flags: Record<string, Flag>) =>
      read(call('jax.dot_product_attention', torch(tensor(2, 16, 8, 32), tensor(2, kv, 8, 32)), flags));
    expect(jax(16, { local_window_size: [5, 2] })).toMatchObject({
      problem: { window: { left: 5, right: 2 } },
    });
    expect(jax(16, { local_window_size: 5 })).toMatchObject({ problem: { window: { left: 5, right: 5 } } });
    expect(jax(24, { local_window_size: [5, 2] })).toMatch(/top-left/);
  });
});

describe('what is not known is not claimed', () => {
  test('unknown functions, missing tensors, sizes that do not go together', () => {
    expect(read(call('surprise', torch(tensor(2, 8, 16, 32))))).toMatch(/surprise/);
    expect(read(call('toString', torch(tensor(2, 8, 16, 32))))).toMatch(/not known/);
    expect(read(call('torch.scaled_dot_product_attention', { query: tensor(2, 8, 16, 32) }))).toMatch(/key/);
    expect(read(call('flash_attn.func', flash(tensor(2, 16, 32))))).toMatchObject({ shape: '1,16,2,32' });
    expect(read(call('flash_attn.func', flash(tensor(2, 16))))).toMatch(/sizes/);
    expect(read(call('flash_attn.func', flash(tensor(2, 16, 8, 32), tensor(3, 16, 8, 32))))).toMatch(/sizes/);
    expect(
      read(call('torch.scaled_dot_product_attention', torch(tensor(2, 8, 16, 32), tensor(2, 3, 16, 32)))),
    ).toMatch(/divisible/);
    expect(read(call('torch.scaled_dot_product_attention', torch(tensor(2, 8, 16, 576))))).toMatch(/576/);
    expect(read(call('torch.scaled_dot_product_attention', torch(tensor(0, 8, 16, 32))))).toMatch(/batch/);
    expect(
      read(call('torch.multi_head_attention_forward', torch(tensor(20, 3, 64)), { num_heads: 7 })),
    ).toMatch(/heads/);
  });

  test('another dtype is said', () => {
    const q: TensorFacts = { shape: [1, 2, 3, 4], dtype: 'float64', device: 'cpu' };
    expect(read(call('torch.scaled_dot_product_attention', torch(q)))).toMatchObject({
      problem: { dtype: 'f32' },
      notes: ['float64 is profiled as f32'],
    });
  });
});

test('distinct shapes add up what is the same problem, most frequent first', () => {
  const calls = [
    { ...call('torch.scaled_dot_product_attention', torch(tensor(1, 2, 16, 8))), count: 3 },
    { ...call('flash_attn.func', flash(tensor(1, 16, 4, 8))), count: 10 },
    { ...call('torch.flex_attention', torch(tensor(1, 2, 16, 8))), count: 8 },
    { ...call('surprise', {}), count: 99 },
  ];
  expect(
    distinctShapes(calls).map(({ shape, count, calls: of }) => [
      formatShape(shape.problem),
      count,
      of.length,
    ]),
  ).toEqual([
    ['1,2,16,8', 11, 2],
    ['1,4,16,8', 10, 1],
  ]);
});
