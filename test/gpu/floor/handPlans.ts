import { createHash } from 'node:crypto';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';
import type { MeasureRequest } from '../../../src/gpu/measurement.ts';
import { instrument } from '../../../src/plans/counting/instrument.ts';
import type { LinkedModule, Plan, PlanBuffer, PlanDispatch } from '../../../src/plans/plan.ts';

const paramsBlock = `
struct Params { offset: vec3<u32>, width: u32, height: u32, work: u32, scale: f32, visible: u32 }
@group(0) @binding(0) var<uniform> params: Params;
`;

export const smallProblem: Problem = {
  batch: 1,
  heads: 1,
  kvHeads: 1,
  seqLenQ: 1,
  seqLenKv: 1,
  headDim: 1,
  headDimV: 1,
  ...noOptions,
  dtype: 'f32',
  seed: 11,
};

export function linked(id: string, wgsl: string): LinkedModule {
  return {
    id,
    wgsl,
    counting: instrument(wgsl, { entryPoint: 'main' }),
    hash: createHash('sha256').update(wgsl).digest('hex'),
  };
}

function planOf(parts: Pick<Plan, 'algorithm' | 'problem' | 'buffers' | 'dispatches'>): Plan {
  return {
    ...parts,
    pass: 'forward',
    tiling: { br: 4, bc: 4, dc: 4, splits: 1, headsPerSlice: 1 },
    modules: [],
    prologue: [],
    stages: [...new Set(parts.dispatches.map(({ stage }) => stage))],
  };
}

export function request(
  plan: Plan,
  modules: LinkedModule[],
  steps: Partial<MeasureRequest['steps']> = {},
  budgetMs: number | null = null,
): MeasureRequest {
  return { plan, modules, steps: { check: null, count: false, time: null, ...steps }, budgetMs };
}

export function tensor(name: string, elements: number, stream: number): PlanBuffer {
  return {
    name,
    role: 'input',
    bytes: elements * 4,
    elements: { dtype: 'f32', width: 1 },
    fill: { kind: 'normal', seed: smallProblem.seed, stream },
  };
}

export function empty(
  name: string,
  elements: number,
  role: 'output' | 'scratch' = 'output',
  width = 1,
): PlanBuffer {
  return {
    name,
    role,
    bytes: elements * 4,
    elements: { dtype: 'f32', width },
    fill: { kind: 'poison' },
  };
}

function bind(buffers: PlanBuffer[]): PlanDispatch['bindings'] {
  return buffers.map(({ name, bytes }, index) => ({
    binding: index + 1,
    buffer: name,
    offset: 0,
    size: bytes,
  }));
}

/**
 * c = a + b over a grid of `width` x `height` elements, one workgroup of one invocation for each, with
 * `work` turns of a loop in between that makes it as slow as a test wants.
 */
export function addition(
  width: number,
  height: number,
  work = 0,
  body = '',
): { plan: Plan; modules: LinkedModule[] } {
  const wgsl = `${paramsBlock}
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let place = group + params.offset;
  let index = place.y * params.width + place.x;
  ${body}
  var sum = a[index] + b[index];
  for (var turn = 0u; turn < params.work; turn++) {
    sum = sum * 0.5 + a[index];
  }
  c[index] = sum;
}
`;
  const elements = width * height;
  const buffers = [tensor('a', elements, 1), tensor('b', elements, 2), empty('c', elements)];
  const dispatch: PlanDispatch = {
    stage: 'add',
    module: 'add',
    entryPoint: 'main',
    grid: [width, height, 1],
    bindings: bind(buffers),
    params: [0, 0, 0, width, height, work, 0, 0],
    groupOffsetWord: 0,
  };
  const plan = planOf({ algorithm: 'addition', problem: smallProblem, buffers, dispatches: [dispatch] });
  return { plan, modules: [linked('add', wgsl)] };
}

/** Two stages with a scratch buffer between them: squares, then the sum of each row. */
export function rowSums(width: number, height: number): { plan: Plan; modules: LinkedModule[] } {
  const square = `${paramsBlock}
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> s: array<f32>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let place = group + params.offset;
  let index = place.y * params.width + place.x;
  s[index] = a[index] * a[index];
}
`;
  const sum = `${paramsBlock}
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read_write> r: array<f32>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let row = group.x + params.offset.x;
  var total = 0.0;
  for (var column = 0u; column < params.width; column++) {
    total += s[row * params.width + column];
  }
  r[row] = total;
}
`;
  const a = tensor('a', width * height, 1);
  const s = empty('s', width * height, 'scratch');
  const r = empty('r', height);
  const common = { entryPoint: 'main', params: [0, 0, 0, width, height, 0, 0, 0], groupOffsetWord: 0 };
  const plan = planOf({
    algorithm: 'row sums',
    problem: smallProblem,
    buffers: [a, s, r],
    dispatches: [
      { ...common, stage: 'square', module: 'square', grid: [width, height, 1], bindings: bind([a, s]) },
      { ...common, stage: 'sum', module: 'sum', grid: [height, 1, 1], bindings: bind([s, r]) },
    ],
  });
  return { plan, modules: [linked('square', square), linked('sum', sum)] };
}

/** Attention, one invocation for each row, in the plainest way; a single head. */
export function plainAttention(
  problem: Problem,
  scale = 1 / Math.sqrt(problem.headDim),
): { plan: Plan; modules: LinkedModule[] } {
  const { seqLenQ, seqLenKv, headDim, headDimV, seed } = problem;
  const wgsl = `${paramsBlock}
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read_write> o: array<f32>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;

fn score(row: u32, key: u32) -> f32 {
  var dot = 0.0;
  for (var c = 0u; c < ${headDim}u; c++) {
    dot += q[row * ${headDim}u + c] * k[key * ${headDim}u + c];
  }
  return dot * params.scale;
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let row = group.x + params.offset.x;
  // Top-left causal where \`visible\` is 1.
  let keys = select(${seqLenKv}u, min(row + 1u, ${seqLenKv}u), params.visible == 1u);
  var highest = -3.4028234663852886e38;
  for (var key = 0u; key < keys; key++) {
    highest = max(highest, score(row, key));
  }
  var total = 0.0;
  for (var c = 0u; c < ${headDimV}u; c++) {
    o[row * ${headDimV}u + c] = 0.0;
  }
  for (var key = 0u; key < keys; key++) {
    let weight = exp(score(row, key) - highest);
    total += weight;
    for (var c = 0u; c < ${headDimV}u; c++) {
      o[row * ${headDimV}u + c] += weight * v[key * ${headDimV}u + c];
    }
  }
  for (var c = 0u; c < ${headDimV}u; c++) {
    o[row * ${headDimV}u + c] /= total;
  }
  lse[row] = highest + log(total);
}
`;
  const scaleWord = new Uint32Array(Float32Array.of(scale).buffer)[0]!;
  const input = (name: string, elements: number, stream: number): PlanBuffer => ({
    ...tensor(name, elements, stream),
    fill: { kind: 'normal', seed, stream },
  });
  const buffers = [
    input('q', seqLenQ * headDim, 0),
    input('k', seqLenKv * headDim, 1),
    input('v', seqLenKv * headDimV, 2),
    empty('o', seqLenQ * headDimV, 'output', headDimV),
    empty('lse', seqLenQ),
  ];
  const dispatch: PlanDispatch = {
    stage: 'attention',
    module: 'plain',
    entryPoint: 'main',
    grid: [seqLenQ, 1, 1],
    bindings: bind(buffers),
    params: [0, 0, 0, 0, 0, 0, scaleWord, problem.causal ? 1 : 0],
    groupOffsetWord: 0,
  };
  const plan = planOf({ algorithm: 'plain', problem, buffers, dispatches: [dispatch] });
  return { plan, modules: [linked('plain', wgsl)] };
}
