import type { Problem } from '../problem.ts';
import { holds, type RingLayout, ringDevices, ringRowAt, type Shard, shardOf, shardRange } from '../ring.ts';
import { rowLayout } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { biasBuffer, type RowBuffer, rowsOf, statisticBuffer, tensorBuffer } from '../walk/regions.ts';
import {
  batchOf,
  type HeadSlice,
  headStage,
  kvHeadOf,
  kvHeadStage,
  type SliceWalk,
  type StageWalk,
  type TileAccess,
  type WalkStep,
} from '../walk/walk.ts';

/** One slice's walk round the ring. Rows and keys are counted within their shards. */
interface RingPass {
  problem: Problem;
  tiling: Tiling;
  slice: HeadSlice;
  join: number;
  layout: RingLayout;
  devices: number;
}

/** Elements that one workgroup of the send kernel copies. */
const sendGroup = 64;

/** Rows of one device, in regions of its own: tensors are told apart by device, whatever their rows' order. */
const ofDevice = (on: RowBuffer, device: number, rows: number): RowBuffer => ({
  ...on,
  memory: `${on.memory} of device ${device}`,
  rows,
});

/** K or V as a device holds it in a step: its own rows first, then one of two places for what it receives. */
function heldBuffer(
  pass: RingPass,
  name: 'k' | 'v',
  device: number,
  step: number,
  buffer: string,
): RowBuffer {
  const { problem, tiling, join, devices } = pass;
  const from = holds(device, step, devices);
  const { count } = shardOf(pass.layout, problem.seqLenKv, devices, from);
  const tensor = { ...tensorBuffer(problem, name, tiling.bc * join), rows: count, buffer };
  if (step === 0) return ofDevice(tensor, device, count);
  return { ...tensor, scope: 'sliceKvHead', memory: `${name} received by ${device}, ${(step - 1) % 2}` };
}

const keyOwner = ({ problem, slice }: RingPass, kvHead: number, step: number) =>
  step === 0 ? kvHead : kvHead - kvHeadOf(problem, slice.headStart);

/** The bias of a row of tiles against keys `from` .. `to` - 1 of a shard. */
function biasPart(
  pass: RingPass,
  head: number,
  queries: Shard,
  keys: Shard,
  [rowStart, rows]: [number, number],
  [from, to]: [number, number],
): TileAccess[] {
  const { problem, tiling, join } = pass;
  const width = tiling.bc * join;
  const on = biasBuffer(problem, { rows: tiling.br, keys: width });
  if (!on) return [];
  const column = Math.floor(from / width);
  let elements = 0;
  for (let local = rowStart; local < rowStart + rows; local++) {
    const seen = shardRange(problem, batchOf(problem, head), queries, keys, local);
    elements += Math.max(0, Math.min(seen.end, to) - Math.max(seen.start, from));
  }
  if (elements === 0) return [];
  const bytes = 4 * elements;
  return [
    {
      on: { ...on, memory: `bias ${queries.first} ${keys.first}` },
      ...{ kind: 'load', owner: on.ownerOf(head) },
      tile: (rowStart / tiling.br) * Math.ceil(keys.count / width) + column,
      regionBytes: 4 * rows * Math.min(width, keys.count - column * width),
      ...{ from: 0, to: bytes, bytes },
    },
  ];
}

/** A flash block of one device's queries against the keys that it holds, merged with the steps before. */
function attend(pass: RingPass, device: number, step: number): StageWalk {
  const { problem, tiling, slice, join, layout, devices } = pass;
  const queries = shardOf(layout, problem.seqLenQ, devices, device);
  const keys = shardOf(layout, problem.seqLenKv, devices, holds(device, step, devices));
  const [first, last] = [step === 0, step === devices - 1];
  const own = (on: RowBuffer) => ofDevice(on, device, queries.count);
  const q = own(tensorBuffer(problem, 'q', tiling.br));
  const o = own(tensorBuffer(problem, 'o', tiling.br));
  const lse = own(statisticBuffer(problem, 'lse', tiling.br));
  const running = statisticBuffer(problem, 'partial_o', tiling.br, rowLayout('f32', problem.headDimV).bytes);
  const partial = own(running);
  const held = (['k', 'v'] as const).map((name) => heldBuffer(pass, name, device, step, name));
  const width = tiling.bc * join;
  function* steps(head: number, workgroup: number): Generator<WalkStep> {
    const local = workgroup * tiling.br;
    const row = ringRowAt(problem, batchOf(problem, head), queries, keys, tiling.br, local);
    const { rows, start, end, shared } = row;
    const sees = start < end;
    if (!sees && !first && !last) return;
    const mine = (on: RowBuffer, kind: TileAccess['kind']) => rowsOf(on, kind, head, local, local + rows);
    const begin = sees ? [mine(q, 'load')] : [];
    const end_ = [
      ...(first ? [] : [mine(lse, 'load'), mine(partial, 'load')]),
      ...(last ? [mine(o, 'store')] : [mine(partial, 'store')]),
      mine(lse, 'store'),
    ];
    if (!sees) yield { tile: null, accesses: end_ };
    for (let key = Math.floor(start / width) * width; key < end; key += width) {
      const stretch: [number, number] = [Math.max(start, key), Math.min(end, key + width)];
      const owner = keyOwner(pass, kvHeadOf(problem, head), step);
      const [k, v] = held.map((on) => rowsOf(on, 'load', owner, ...stretch));
      const all = shared.start <= stretch[0] && shared.end >= stretch[1];
      const place = (shard: Shard, at: number) => shard.first + at * shard.step;
      yield {
        tile: {
          head,
          rowStart: place(queries, local),
          rowEnd: place(queries, local + rows - 1) + 1,
          keyStart: place(keys, key),
          keyEnd: place(keys, Math.min(keys.count, key + width) - 1) + 1,
          state: all ? 'full' : 'partial',
        },
        accesses: [
          ...begin.splice(0),
          k!,
          ...biasPart(pass, head, queries, keys, [local, rows], stretch),
          v!,
          ...(key + width >= end ? end_ : []),
        ],
      };
    }
  }
  return headStage('attention', slice, Math.ceil(queries.count / tiling.br), steps);
}

/** What a device holds, copied to the next one: the keys of a region together. */
function send(pass: RingPass, name: 'k' | 'v', device: number, step: number): StageWalk {
  const { problem, slice, devices, tiling, join } = pass;
  const from = heldBuffer(pass, name, device, step, 'sent');
  const to = heldBuffer(pass, name, (device + 1) % devices, step + 1, 'received');
  const width = tiling.bc * join;
  const steps: StageWalk['steps'] = (kvHead, workgroup) => {
    const first = workgroup * width;
    const last = Math.min(from.rows, first + width);
    const accesses = [
      rowsOf(from, 'load', keyOwner(pass, kvHead, step), first, last),
      rowsOf(to, 'store', keyOwner(pass, kvHead, step + 1), first, last),
    ];
    return [{ tile: null, accesses }];
  };
  const { accesses } = rowLayout(problem.dtype, name === 'k' ? problem.headDim : problem.headDimV);
  const joined = Math.ceil((Math.min(width, from.rows) * accesses) / sendGroup);
  return kvHeadStage(problem, 'send', slice, Math.ceil(from.rows / width), steps, joined);
}

/** P steps of a block on each of P devices, with a send of K and of V between one step and the next. */
export function ringWalk(layout: RingLayout): SliceWalk {
  return function* (problem, tiling, slice, join = 1): Generator<StageWalk> {
    const devices = ringDevices(problem);
    const pass: RingPass = { problem, tiling, slice, join, layout, devices };
    for (let step = 0; step < devices; step++) {
      for (let device = 0; device < devices; device++) yield attend(pass, device, step);
      for (let device = 0; device < devices && step < devices - 1; device++) {
        yield send(pass, 'k', device, step);
        yield send(pass, 'v', device, step);
      }
    }
  };
}
