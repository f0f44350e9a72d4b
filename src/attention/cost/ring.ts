import { visiblePairs } from '../mask.ts';
import type { Problem } from '../problem.ts';
import { alignment, type RingLayout, ringBuffer, ringDevices, shardOf } from '../ring.ts';
import { rowLayout, tensorRows } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { elementAccess, kvRowAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, BufferSize } from './cost.ts';
import { flash2Forward } from './flash2.ts';
import { forwardFlops } from './flops.ts';
import { type RingSums, ringSums } from './ringSums.ts';
import { ringWalk } from './ringWalk.ts';
import { exactMemory, forwardTensors, rowStatisticSize } from './tensors.ts';
import { tileCounts } from './tileSums.ts';
import { fusedShape, type StageShape, stageWork } from './work.ts';

/** Accesses of K or V that one workgroup of a send copies. */
export const sendGroup = 64;

/** One device alone sends nothing. */
export function ringStages(devices: number): readonly ['attention', ...string[]] {
  return devices > 1 ? ['attention', 'send'] : ['attention'];
}

/** The running O of every query row, f32 whatever O is stored in; a single device has none. */
function partialSize({ batch, heads, seqLenQ, headDimV }: Problem): BufferSize {
  return { name: 'partial_o', bytes: batch * heads * seqLenQ * rowLayout('f32', headDimV).bytes };
}

/** Bytes of the running O that one head binds, with what lies before it in an aligned binding. */
export function partialPerHead(problem: Problem): number {
  if (ringDevices(problem) === 1) return 0;
  return problem.seqLenQ * rowLayout('f32', problem.headDimV).bytes + alignment;
}

/** Buffers beyond those of flash2, in the order in which the plan has them. */
export function ringBuffers(problem: Problem, tiling: { headsPerSlice: number }): BufferSize[] {
  const devices = ringDevices(problem);
  if (devices === 1) return [];
  const { bytes } = ringBuffer(problem, tiling);
  return [
    partialSize(problem),
    ...Array.from({ length: devices }, (_, device) => ({ name: `device_${device}`, bytes })),
  ];
}

/**
 * Ring Attention forward (arXiv 2310.01889, section 3; striped as in arXiv 2311.09431). In each of P steps
 * every device runs a flash block of its queries against the keys that it holds, and merges O by log-sum-exp
 * with what it had: read and written once in every step in which a row of tiles sees anything, and written
 * in the first and read in the last step in any case. Between steps each shard of K and V is copied to the
 * next device: P - 1 times all of K and V are sent.
 */
function accesses(problem: Problem, sums: RingSums): Access[] {
  const devices = ringDevices(problem);
  const [stage] = ringStages(devices);
  const queries = problem.batch * problem.seqLenQ;
  const row = rowAccess.bind(null, problem);
  const element = elementAccess.bind(null, problem);
  const layout = (name: 'q' | 'k' | 'v' | 'o') => tensorRows(problem, name).layout;
  const partial = rowLayout('f32', problem.headDimV);
  const sent = (devices - 1) * problem.batch * problem.seqLenKv;
  const send = (name: 'k' | 'v') => [
    kvRowAccess(problem, { stage: 'send', buffer: 'sent', kind: 'load' }, sent, layout(name)),
    kvRowAccess(problem, { stage: 'send', buffer: 'received', kind: 'store' }, sent, layout(name)),
  ];
  return [
    row({ stage, buffer: 'q', kind: 'load' }, sums.queryRowsSeeing, layout('q')),
    row({ stage, buffer: 'k', kind: 'load' }, sums.keysWalked, layout('k')),
    row({ stage, buffer: 'v', kind: 'load' }, sums.keysWalked, layout('v')),
    ...(problem.bias ? [element({ stage, buffer: 'bias', kind: 'load' }, visiblePairs(problem))] : []),
    row({ stage, buffer: 'o', kind: 'store' }, queries, layout('o')),
    element({ stage, buffer: 'lse', kind: 'store' }, queries + sums.kept),
    ...(devices > 1
      ? [
          element({ stage, buffer: 'lse', kind: 'load' }, sums.merged),
          row({ stage, buffer: 'partial_o', kind: 'load' }, sums.merged, partial),
          row({ stage, buffer: 'partial_o', kind: 'store' }, sums.kept, partial),
          ...send('k'),
          ...send('v'),
        ]
      : []),
  ];
}

/** Every device attends in every step, and sends K and V in every one but the last. */
function ringShapes(problem: Problem, layout: RingLayout, tiling: Tiling): StageShape[] {
  const devices = ringDevices(problem);
  const [stage] = ringStages(devices);
  const all = Array.from({ length: devices }, (_, device) => device);
  const sum = (length: number, of: (rows: number) => number) =>
    all.reduce((total, device) => total + of(shardOf(layout, length, devices, device).count), 0);
  const attention: StageShape = {
    ...fusedShape(problem, tiling, stage),
    perHead: devices * sum(problem.seqLenQ, (rows) => Math.ceil(rows / tiling.br)),
    dispatches: devices * devices,
  };
  if (devices === 1) return [attention];
  const copies = (['k', 'v'] as const).map((name) => tensorRows(problem, name).layout.accesses);
  const groups = (accesses: number) =>
    sum(problem.seqLenKv, (rows) => Math.ceil((rows * accesses) / sendGroup));
  return [
    attention,
    {
      stage: 'send',
      perKvHead: (devices - 1) * copies.reduce((total, accesses) => total + groups(accesses), 0),
      dispatches: 2 * devices * (devices - 1),
    },
  ];
}

function ringForward(layout: RingLayout): AlgorithmPass {
  return {
    stages: ringStages(2),
    workgroupMemory: (shape, tile) => flash2Forward.workgroupMemory(shape, tile) + 4 * tile.br,
    scratchPerHead: partialPerHead,
    // A slice sends the keys of its heads to the next device: no two slices share any.
    wholeGroups: true,
    walk: ringWalk(layout),
    cost: (problem, tiling) => {
      const sums = ringSums(problem, layout, tiling.br, tiling.bc);
      return {
        traffic: sumTraffic('exact', ringStages(ringDevices(problem)), accesses(problem, sums)),
        flops: forwardFlops(problem),
        work: stageWork(problem, tiling, ringShapes(problem, layout, tiling)),
        tiles: tileCounts(problem, sums),
        memory: exactMemory([
          ...forwardTensors(problem),
          rowStatisticSize(problem, 'lse'),
          ...ringBuffers(problem, tiling),
        ]),
      };
    },
  };
}

export const plainRingForward = ringForward('plain');
export const stripedRingForward = ringForward('striped');
