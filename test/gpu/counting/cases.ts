/** Loads, bytes read, stores, bytes written. */
export type Expected = [loads: number, readBytes: number, stores: number, writeBytes: number];

export interface Case {
  name: string;
  wgsl: string;
  /** By binding: `floats` and `words` hold that many small numbers; uniforms are lists of words. */
  buffers: Record<number, { floats: number } | { words: number } | { uniform: number[] }>;
  expected: Record<string, Expected>;
  flushAt?: number;
}

/** Each case is dispatched as two workgroups of 32: 64 invocations. No two of them write to one place. */
const head =
  '@compute @workgroup_size(32)\nfn main(@builtin(global_invocation_id) id: vec3u) {\n  let i = id.x;\n';
const vectors = '@group(0) @binding(0) var<storage, read> Q: array<vec4f>;\n';
const result = '@group(0) @binding(1) var<storage, read_write> O: array<f32>;\n';
const floats = { 0: { floats: 4 * 128 }, 1: { floats: 128 } };

function vectorCase(
  name: string,
  body: string,
  Q: Expected,
  O: Expected,
  helpers = '',
  more: Partial<Case> = {},
): Case {
  return {
    name,
    wgsl: `${vectors}${result}${helpers}${head}${body}\n}\n`,
    buffers: floats,
    expected: { Q, O },
    ...more,
  };
}

const n = 64;

export const valueCases: Case[] = [
  vectorCase('whole elements', 'O[i] = dot(Q[i], Q[i + 1]);', [2 * n, 32 * n, 0, 0], [0, 0, n, 4 * n]),
  vectorCase('components', 'O[i] = Q[i].x + Q[i][1];', [2 * n, 8 * n, 0, 0], [0, 0, n, 4 * n]),
  vectorCase(
    'swizzles',
    'O[i] = dot(Q[i].xyz, Q[i].bgr) + Q[i].zw.y;',
    [3 * n, 28 * n, 0, 0],
    [0, 0, n, 4 * n],
  ),
  vectorCase(
    'an index that is itself a load',
    'O[u32(O[i + 64]) * 0u + i] += Q[u32(O[i + 64]) % 64u].y;',
    [n, 4 * n, 0, 0],
    [3 * n, 12 * n, n, 4 * n],
  ),
  vectorCase(
    'the phony assignment, and an address in it',
    '_ = Q[i]; _ = &Q; _ = &O[i]; O[i] = 1.0;',
    [n, 16 * n, 0, 0],
    [0, 0, n, 4 * n],
  ),
  vectorCase(
    'arrayLength moves nothing',
    'let q = &Q; O[i] = f32(arrayLength(&Q) + arrayLength(&O) + arrayLength(q)) + Q[0].x;',
    [n, 4 * n, 0, 0],
    [0, 0, n, 4 * n],
  ),
  vectorCase(
    'locals that hide a buffer',
    'var Q = array<f32, 2>(1.0, 2.0); { let O = Q[i % 2u]; _ = O + Q[1]; } O[i] = Q[0]; for (var O = 0u; O < 3u; O++) { Q[0] = f32(O); } O[i] += Q[0] + unhidden();',
    [n, 4 * n, 0, 0],
    [n, 4 * n, 2 * n, 8 * n],
    'fn unhidden() -> f32 { return Q[0].x; }\n',
  ),
  {
    name: 'structs, arrays in structs, matrices and aliases',
    wgsl: `
const WIDTH = 1 + 2;
alias Cell = vec3<f32>;
struct Inner { weights: array<Cell, WIDTH>, scale: f32 }
struct Row { m: mat3x2f, inner: Inner, tag: u32 }
struct Rows { count: u32, rows: array<Row> }
@group(0) @binding(0) var<storage, read> R: Rows;
@group(0) @binding(1) var<storage, read_write> W: array<Row>;
${head}
  let row = R.rows[i];
  W[i] = row;
  W[i].inner = R.rows[i].inner;
  W[i].inner.weights[1] = R.rows[i].inner.weights[2];
  W[i].m[1].y = R.rows[i].m[0][1] + f32(R.count);
  W[i].m = R.rows[i].m * 2.0;
  let weights = R.rows[i].inner.weights;
  W[i].inner.weights = weights;
}
`,
    buffers: { 0: { floats: 4 + 24 * 64 }, 1: { floats: 24 * 64 } },
    // Row: 24 (matrix) + 36 (three vec3) + 4 + 4 = 68 bytes; Inner: 40.
    expected: {
      R: [7 * n, (68 + 40 + 12 + 4 + 4 + 24 + 36) * n, 0, 0],
      W: [0, 0, 6 * n, (68 + 40 + 12 + 4 + 24 + 36) * n],
    },
  },
];

export const updateCases: Case[] = [
  vectorCase(
    'compound assignments are a load and a store',
    'O[i] += 2; O[i] *= Q[i].x; O[i] -= Q[i].y * 2;',
    [2 * n, 8 * n, 0, 0],
    [3 * n, 12 * n, 3 * n, 12 * n],
  ),
  {
    name: 'increments, shifts and bit operations',
    wgsl: `@group(0) @binding(0) var<storage, read_write> U: array<vec2u>;
${head} U[i].x++; U[i][1]--; U[i] <<= vec2(1); U[i] |= U[i + 64]; U[i].y %= 7; (U[i].x) ^= 3u; }
`,
    buffers: { 0: { words: 256 } },
    expected: { U: [7 * n, (4 + 4 + 8 + 8 + 8 + 4 + 4) * n, 6 * n, (4 + 4 + 8 + 8 + 4 + 4) * n] },
  },
  vectorCase(
    'stores in the header of a for loop',
    'for (O[i] = 0; O[i] < 4.5; O[i] += 1) { if (Q[i].x < 0) { continue; } }\n  for (var k = 0; k < 3; O[i + 64] = f32(k)) { k++; }',
    [5 * n, 20 * n, 0, 0],
    // 1 store, 6 conditions, 5 updates of both kinds; 3 updates that only store.
    [6 * n + 5 * n, 44 * n, n + 5 * n + 3 * n, 36 * n],
  ),
  {
    name: 'every compound assignment in the update of a for loop',
    wgsl: `@group(0) @binding(0) var<storage, read_write> U: array<u32>;
@group(0) @binding(1) var<storage, read_write> V: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> M: array<mat2x2f>;
${head}
  for (var k = 0; k < 2; U[i] <<= 1) { k++; }
  for (var k = 0; k < 2; U[i] += 5) { k++; }
  for (var k = 0; k < 2; U[i]++) { k++; }
  for (var k = 0; k < 2; U[i] --) { k++; }
  for (var k = 0; k < 2; V[i] *= 2) { k++; }
  for (var k = 0; k < 2; V[i] += vec4(1, 2, 3, 4)) { k++; }
  for (var k = 0; k < 2; V[i].z /= V[i].w + 3) { k++; }
  for (var k = 0; k < 2; M[i] *= 0.5) { k++; }
  for (var k = 0; k < 2; M[i] *= M[i + 64]) { k++; }
  for (U[i + 64]++; U[i + 64] < 0; ) { }
}
`,
    buffers: { 0: { words: 128 }, 1: { floats: 4 * 64 }, 2: { floats: 4 * 128 } },
    expected: {
      U: [10 * n, 40 * n, 9 * n, 36 * n],
      V: [8 * n, (4 * 16 + 4 * 4) * n, 6 * n, (4 * 16 + 2 * 4) * n],
      M: [6 * n, 96 * n, 4 * n, 64 * n],
    },
  },
  {
    name: 'atomics',
    wgsl: `struct Cell { plain: u32, sum: atomic<i32> }
@group(0) @binding(0) var<storage, read_write> A: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read_write> C: array<Cell>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;
var<workgroup> shared_sum: atomic<u32>;
${head}
  atomicStore(&A[i], O[i]);
  O[i] = atomicLoad(&A[i]) + atomicAdd(&A[i], 3);
  atomicSub(&A[i], 1u); atomicMax(&A[i], 9); atomicMin(&A[i], 40); atomicAnd(&A[i], 0xffu);
  atomicOr(&A[i], 1u); atomicXor(&A[i], 2u);
  O[i] += atomicExchange(&A[i], O[i] + 1u);
  let swapped = atomicCompareExchangeWeak(&A[i], 0xfffffffu, 5u);
  O[i] += select(0u, 1u, swapped.exchanged) + swapped.old_value;
  let sum = &C[i].sum;
  atomicAdd(sum, i32(C[i].plain));
  for (var k = 0; k < 2; atomicAdd(&C[i].sum, -1)) { k++; }
  atomicAdd(&shared_sum, 1u);
}
`,
    buffers: { 0: { words: 64 }, 1: { words: 128 }, 2: { words: 64 } },
    expected: {
      A: [10 * n, 40 * n, 10 * n, 40 * n],
      C: [4 * n, 16 * n, 3 * n, 12 * n],
      O: [4 * n, 16 * n, 3 * n, 12 * n],
    },
  },
];

export const flowCases: Case[] = [
  vectorCase(
    'loops',
    'var sum = 0.0; for (var k = 0u; k < 5u; k++) { sum += Q[k].x; } var k = 0u; while (Q[k].w >= 0 && k < 3u) { k++; } O[i] = sum;',
    [5 * n + 4 * n, 36 * n, 0, 0],
    [0, 0, n, 4 * n],
  ),
  vectorCase(
    'early returns, also inside of loops',
    'if (i % 4u == 0u) { return; } loop { O[i] = Q[i].x; if (i % 4u == 1u) { return; } break; } O[i] = Q[i].y;',
    [48 + 32, 4 * 80, 0, 0],
    [0, 0, 80, 4 * 80],
  ),
  vectorCase(
    'short circuits count only what is evaluated',
    'let odd = i % 2u == 1u; if (odd && Q[i].x >= 0) { O[i] = 1; } if (odd || Q[i].y >= 0) { O[i] += 1; } O[i] = select(Q[i].z, Q[i].w, odd);',
    [32 + 32 + 128, 4 * 192, 0, 0],
    [64, 256, 32 + 64 + 64, 4 * 160],
  ),
  vectorCase(
    'switch, continuing and break if',
    `switch u32(Q[i].x) * 0u + i % 3u { case 0: { O[i] = 1; } case 1, 7u: { O[i] = Q[i].y; } default: { } }
  var k = 0u;
  loop { if (k == 1u) { k++; continue; } _ = Q[k]; continuing { O[i] += 1; k++; break if f32(k) > Q[0].x * 0 + 3; } }`,
    // 22 invocations with i % 3 = 0, 21 each with 1 and 2; rounds at k = 0, 1 and 3, of which the second reads no Q[k].
    [n + 21 + 2 * n + 3 * n, 4 * (n + 21) + 32 * n + 12 * n, 0, 0],
    [3 * n, 12 * n, 22 + 21 + 3 * n, 4 * (43 + 3 * n)],
  ),
  vectorCase(
    'calls of calls, from several places',
    'O[i] = outer(i) + outer(i + 1) + inner(i); store(i, Q[i].x);',
    [2 * 3 * n + n + n, 4 * (8 * n), 0, 0],
    [n, 4 * n, 3 * n, 12 * n],
    `fn inner(k: u32) -> f32 { return Q[k].x; }
fn outer(k: u32) -> f32 { return inner(k) + inner(k + 1) * Q[k].y; }
fn store(k: u32, value: f32) { O[k] = value; O[k + 64] = O[k]; }
`,
  ),
  vectorCase(
    'pointers: lets, lets of lets, parameters, and sugar',
    `let q = &Q[i]; let x = &*q; let all = &O; let own = &all[i];
  *own = (*x).x + q.y + (*q)[2] + (*&Q[i]).w; (*all)[i] += 1; all[i + 64] = (*q).xy.x; bump(&O, i); bump(all, i + 64); put(own); twice(&O, i);`,
    [5 * n, 20 * n, 0, 0],
    [n + 2 * n + 2 * 2 * n, 4 * 7 * n, 3 * n + 2 * n + n + 2 * 2 * n, 4 * 10 * n],
    `fn bump(p: ptr<storage, array<f32>, read_write>, k: u32) { p[k] += 1; }
fn put(p: ptr<storage, f32, read_write>) { *p = 4.0; }
alias Floats = ptr<storage, array<f32>, read_write>;
fn twice(p: Floats, k: u32) { let r = p; bump(r, k); bump(r, k + 64); r[k] = r[k + 64]; (*r)[k + 64] = (*p)[k]; }
`,
  ),
  {
    name: 'builtins in a struct, a uniform, barriers in uniform flow, and a workgroup tile',
    wgsl: `struct Groups { @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) count: vec3u }
struct Lanes { @builtin(local_invocation_index) lane: u32, @builtin(local_invocation_id) id: vec3u }
struct Params { rounds: u32, width: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> S: array<f32>;
@group(0) @binding(5) var<storage, read_write> T: array<f32>;
override LANES: u32 = 32;
var<workgroup> tile: array<f32, 32>;
@diagnostic(off, subgroup_uniformity) @compute @workgroup_size(LANES)
fn main(
  groups: Groups, // which group
  lanes: Lanes,
  @builtin(global_invocation_id) id: vec3u,
) {
  var sum = 0.0;
  for (var round = 0u; round < params.rounds * groups.count.x; round++) {
    tile[lanes.lane] = S[round * params.width + lanes.id.x];
    workgroupBarrier();
    if (groups.count.x > 1u) { sum += tile[lanes.lane ^ 1u]; workgroupBarrier(); }
    if (groups.group.x > 0u) { workgroupBarrier(); }
    workgroupBarrier();
  }
  if (S[0] >= 0) { workgroupBarrier(); }
  T[id.x] = sum;
}
`,
    buffers: { 0: { uniform: [3, 32, 0, 0] }, 3: { floats: 256 }, 5: { floats: 64 } },
    expected: { S: [7 * n, 28 * n, 0, 0], T: [0, 0, n, 4 * n] },
  },
  vectorCase(
    'private counters that are flushed on the way',
    'for (var k = 0u; k < 1000u + i; k++) { O[i] += Q[k % 64u].x; }',
    [64_000 + 2016, 4 * 66_016, 0, 0],
    [66_016, 4 * 66_016, 66_016, 4 * 66_016],
    '',
    { flushAt: 7 },
  ),
  vectorCase('a flush at every access', 'O[i] = Q[i].x;', [n, 4 * n, 0, 0], [0, 0, n, 4 * n], '', {
    flushAt: 1,
  }),
];
