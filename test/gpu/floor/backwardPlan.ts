import { streams } from '../../../src/attention/options.ts';
import type { Problem } from '../../../src/attention/problem.ts';
import type { LinkedModule, Plan, PlanBuffer, PlanDispatch } from '../../../src/plans/plan.ts';
import { linked, plainAttention } from './handPlans.ts';
import { stored } from './storagePlans.ts';

/**
 * The backward pass of a single head in the plainest way: one invocation for each query row, then one for
 * each key row. Takes O and LSE from the prologue, which is `plainAttention`. `fault` goes into the score
 * gradient.
 */
export function plainBackward(problem: Problem, fault = ''): { plan: Plan; modules: LinkedModule[] } {
  const { seqLenQ, seqLenKv, headDim, headDimV, seed } = problem;
  const forward = plainAttention(problem);
  const common = `
struct Params { offset: vec3<u32>, unused: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read> o: array<f32>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read> grad: array<f32>;

const scale = ${1 / Math.sqrt(headDim)};

fn probability(row: u32, key: u32) -> f32 {
  var dot = 0.0;
  for (var c = 0u; c < ${headDim}u; c++) {
    dot += q[row * ${headDim}u + c] * k[key * ${headDim}u + c];
  }
  return exp(dot * scale - lse[row]);
}

fn score_gradient(row: u32, key: u32) -> f32 {
  var difference = 0.0;
  for (var c = 0u; c < ${headDimV}u; c++) {
    difference += grad[row * ${headDimV}u + c] * (v[key * ${headDimV}u + c] - o[row * ${headDimV}u + c]);
  }
  return probability(row, key) * difference * scale${fault};
}
`;
  const ofQueries = `${common}
@group(0) @binding(7) var<storage, read_write> dq: array<f32>;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let row = group.x + params.offset.x;
  for (var c = 0u; c < ${headDim}u; c++) {
    var sum = 0.0;
    for (var key = 0u; key < ${seqLenKv}u; key++) {
      sum += score_gradient(row, key) * k[key * ${headDim}u + c];
    }
    dq[row * ${headDim}u + c] = sum;
  }
}
`;
  const ofKeys = `${common}
@group(0) @binding(7) var<storage, read_write> dk: array<f32>;
@group(0) @binding(8) var<storage, read_write> dv: array<f32>;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let key = group.x + params.offset.x;
  for (var c = 0u; c < ${headDim}u; c++) {
    var sum = 0.0;
    for (var row = 0u; row < ${seqLenQ}u; row++) {
      sum += score_gradient(row, key) * q[row * ${headDim}u + c];
    }
    dk[key * ${headDim}u + c] = sum;
  }
  for (var c = 0u; c < ${headDimV}u; c++) {
    var sum = 0.0;
    for (var row = 0u; row < ${seqLenQ}u; row++) {
      sum += probability(row, key) * grad[row * ${headDimV}u + c];
    }
    dv[key * ${headDimV}u + c] = sum;
  }
}
`;
  const poison = { kind: 'poison' } as const;
  const given = forward.plan.buffers.map(
    (buffer): PlanBuffer => (buffer.role === 'output' ? { ...buffer, role: 'computed' } : buffer),
  );
  const buffers = [
    ...given,
    stored('grad', 'input', 'f32', seqLenQ, headDimV, { kind: 'normal', seed, stream: streams.dout }),
    stored('dq', 'output', 'f32', seqLenQ, headDim, poison),
    stored('dk', 'output', 'f32', seqLenKv, headDim, poison),
    stored('dv', 'output', 'f32', seqLenKv, headDimV, poison),
  ];
  const dispatch = (stage: string, rows: number, outputs: string[]): PlanDispatch => ({
    stage,
    module: stage,
    entryPoint: 'main',
    grid: [rows, 1, 1],
    bindings: [...buffers.slice(0, 6).map(({ name }) => name), ...outputs].map((name, index) => ({
      binding: index + 1,
      buffer: name,
      offset: 0,
      size: buffers.find((buffer) => buffer.name === name)!.bytes,
    })),
    params: [0, 0, 0, 0],
    groupOffsetWord: 0,
  });
  const plan: Plan = {
    ...forward.plan,
    pass: 'backward',
    buffers,
    prologue: forward.plan.dispatches,
    dispatches: [dispatch('queries', seqLenQ, ['dq']), dispatch('keys', seqLenKv, ['dk', 'dv'])],
    stages: ['queries', 'keys'],
  };
  return { plan, modules: [...forward.modules, linked('queries', ofQueries), linked('keys', ofKeys)] };
}
