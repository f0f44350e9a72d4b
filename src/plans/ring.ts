import { partialPerHead, ringBuffers, ringStages, sendGroup } from '../attention/cost/ring.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import type { Problem } from '../attention/problem.ts';
import {
  holds,
  type RingBuffer,
  type RingLayout,
  ringBuffer,
  ringDevices,
  type Shard,
  shardOf,
} from '../attention/ring.ts';
import { rowLayout, tensorRows } from '../attention/storage.ts';
import type { Tiling } from '../attention/tiling.ts';
import { vec4s } from '../attention/workgroupMemory.ts';
import {
  forwardInputs,
  type HeadSlice,
  headSlices,
  outputBuffer,
  rowStatisticBuffer,
  sliceDispatch,
} from './layout.ts';
import { problemModule } from './modules.ts';
import { firstBaseWord } from './params.ts';
import type { Plan, PlanBinding, PlanBuilder, PlanDispatch, PlanModule } from './plan.ts';
import { unplannable } from './unplannable.ts';

/** Where a parameter block tells of the shards, as kernels/ring/shard.wesl has it: bases[2]. */
const shardWord = firstBaseWord + 8;

/** Ring attention of either layout: P steps of P flash blocks, with a send between one step and the next. */
export function ringPlan(id: string, layout: RingLayout): PlanBuilder {
  return (problem, tiling, limits) => {
    const reason = unplannable(id, problem, tiling, limits, {
      bytesPerHead: partialPerHead(problem),
      words: 'a running output',
    });
    if (reason) return { ok: false, reason };
    return { ok: true, plan: new Ring(id, layout, problem, tiling, limits).plan() };
  };
}

class Ring {
  readonly #id: string;
  readonly #layout: RingLayout;
  readonly #problem: Problem;
  readonly #tiling: Tiling;
  readonly #limits: DeviceLimits;
  readonly #devices: number;
  readonly #stages: ReturnType<typeof ringStages>;
  readonly #buffer: RingBuffer;
  readonly #modules = new Map<string, PlanModule>();

  constructor(id: string, layout: RingLayout, problem: Problem, tiling: Tiling, limits: DeviceLimits) {
    this.#id = id;
    this.#layout = layout;
    this.#problem = problem;
    this.#tiling = tiling;
    this.#limits = limits;
    this.#devices = ringDevices(problem);
    this.#stages = ringStages(this.#devices);
    this.#buffer = ringBuffer(problem, tiling);
  }

  plan(): Plan {
    const problem = this.#problem;
    const dispatches = headSlices(problem, this.#tiling).flatMap((slice) => this.#slice(slice));
    return {
      algorithm: this.#id,
      pass: 'forward',
      problem,
      tiling: this.#tiling,
      buffers: [
        ...forwardInputs(problem),
        outputBuffer(problem, 'o'),
        rowStatisticBuffer(problem, 'lse', 'output'),
        ...ringBuffers(problem, this.#tiling).map((size) => ({
          ...size,
          role: 'scratch' as const,
          elements: { dtype: 'f32' as const, width: 1 },
          fill: { kind: 'poison' as const },
        })),
      ],
      modules: [...this.#modules.values()],
      prologue: [],
      dispatches,
      stages: [...this.#stages],
    };
  }

  #slice(slice: HeadSlice): PlanDispatch[] {
    const all = Array.from({ length: this.#devices }, (_, device) => device);
    return all.flatMap((step) => [
      ...all.map((device) => this.#attend(slice, device, step)),
      ...(step === this.#devices - 1 ? [] : all.flatMap((device) => this.#send(slice, device, step))),
    ]);
  }

  #attend(slice: HeadSlice, device: number, step: number): PlanDispatch {
    const problem = this.#problem;
    const first = step === 0;
    const last = step === this.#devices - 1;
    const module = this.#attendModule(first, last);
    const own = module.tensors.filter(({ name }) => name !== 'partial_o');
    const queries = shardOf(this.#layout, problem.seqLenQ, this.#devices, device);
    const dispatch = sliceDispatch(problem, slice, this.#limits, {
      stage: this.#stages[0],
      module: { ...module, tensors: own },
      grid: [Math.ceil(queries.count / this.#tiling.br), slice.heads, 1],
      statistics: [{ name: 'lse', binding: 6 }],
      uses: ['mask', 'scores', ...(last ? ['sinks' as const] : [])],
    });
    const held = this.#held(device, step);
    for (const name of ['k', 'v'] as const) {
      if (!first) this.#rebind(dispatch, module, name, this.#received(slice, device, step, name));
    }
    if (this.#devices > 1) this.#bindPartial(dispatch, module, slice);
    tellShards(dispatch, queries, held);
    return dispatch;
  }

  /** One dispatch for K and one for V, to the next device, which keeps them for the step after this one. */
  #send(slice: HeadSlice, device: number, step: number): PlanDispatch[] {
    const problem = this.#problem;
    const first = step === 0;
    const held = this.#held(device, step);
    const next = (device + 1) % this.#devices;
    return (['k', 'v'] as const).map((name) => {
      const { accesses, bytesPerAccess } = tensorRows(problem, name).layout;
      const module = this.#module(`send ${name}${first ? ' first' : ''}`, (id) => ({
        ...problemModule(problem, this.#tiling, {
          id,
          source: 'ring/send',
          conditions: {
            FIRST: first,
            ...Object.fromEntries([4, 8, 16].map((bytes) => [`ELEMENTS_${bytes}`, bytes === bytesPerAccess])),
          },
          constants: { RING_STEP: this.#step, ROW_ACCESSES: accesses },
          tensors: [{ name, binding: 2, access: 'read' }],
        }),
      }));
      const dispatch = sliceDispatch(problem, slice, this.#limits, {
        stage: 'send',
        module,
        grid: [
          Math.ceil((held.count * accesses) / sendGroup),
          slice.heads / (problem.heads / problem.kvHeads),
          1,
        ],
        uses: [],
      });
      if (!first) this.#rebind(dispatch, module, name, this.#received(slice, device, step, name));
      dispatch.bindings.push({ binding: 3, ...this.#received(slice, next, step + 1, name) });
      tellShards(dispatch, held, held);
      return dispatch;
    });
  }

  get #step(): number {
    return this.#layout === 'striped' ? this.#devices : 1;
  }

  /** The keys that a device holds in a step. */
  #held(device: number, step: number): Shard {
    const from = holds(device, step, this.#devices);
    return shardOf(this.#layout, this.#problem.seqLenKv, this.#devices, from);
  }

  /** Where a device keeps the K or V shard that it holds in a step, which it received after the one before. */
  #received(slice: HeadSlice, device: number, step: number, name: 'k' | 'v'): Omit<PlanBinding, 'binding'> {
    const problem = this.#problem;
    const kvHeads = slice.heads / (problem.heads / problem.kvHeads);
    const { bytes } = tensorRows(problem, name).layout;
    return {
      buffer: `device_${device}`,
      offset: this.#buffer[name][(step - 1) % 2]!,
      size: kvHeads * this.#held(device, step).count * bytes,
    };
  }

  /** Binds something else in place of one of the module's tensors, from its start on. */
  #rebind(
    dispatch: PlanDispatch,
    module: PlanModule,
    name: string,
    { buffer, offset, size }: Omit<PlanBinding, 'binding'>,
  ): void {
    const index = module.tensors.findIndex((tensor) => tensor.name === name);
    const { binding } = module.tensors[index]!;
    const at = dispatch.bindings.findIndex((bound) => bound.binding === binding);
    dispatch.bindings[at] = { binding, buffer, offset, size };
    dispatch.params[firstBaseWord + index] = 0;
  }

  #bindPartial(dispatch: PlanDispatch, module: PlanModule, slice: HeadSlice): void {
    const { seqLenQ, headDimV } = this.#problem;
    const index = module.tensors.findIndex(({ name }) => name === 'partial_o');
    const layout = rowLayout('f32', headDimV);
    const start = slice.headStart * seqLenQ * layout.bytes;
    const before = start % this.#limits.minStorageBufferOffsetAlignment;
    dispatch.bindings.push({
      binding: module.tensors[index]!.binding,
      buffer: 'partial_o',
      offset: start - before,
      size: before + slice.heads * seqLenQ * layout.bytes,
    });
    dispatch.params[firstBaseWord + index] = before / layout.bytesPerAccess;
  }

  #attendModule(first: boolean, last: boolean): PlanModule {
    const problem = this.#problem;
    const words = ['attention', ...(first ? ['first'] : []), ...(last ? ['last'] : [])];
    return this.#module(words.join(' '), (id) => {
      const module = problemModule(problem, this.#tiling, {
        id,
        source: 'ring/attention',
        conditions: { FIRST: first, LAST: last, SHARDED: true },
        constants: { RING_STEP: this.#step },
        tensors: [
          { name: 'q', binding: 2, access: 'read' },
          { name: 'k', binding: 3, access: 'read' },
          { name: 'v', binding: 4, access: 'read' },
          ...(last ? [{ name: 'o' as const, binding: 5, access: 'write' as const }] : []),
        ],
        rowTileVec4s: this.#tiling.br * vec4s(problem.headDim),
        sumChunks: Math.ceil(problem.headDimV / this.#tiling.dc),
      });
      if (first && last) return module;
      const access = first ? 'write' : last ? 'read' : 'read_write';
      const partial = {
        name: 'partial_o',
        binding: 7,
        access,
        dtype: 'f32',
        width: problem.headDimV,
      } as const;
      return { ...module, tensors: [...module.tensors, partial] };
    });
  }

  #module(id: string, make: (id: string) => PlanModule): PlanModule {
    const known = this.#modules.get(id) ?? make(id);
    this.#modules.set(id, known);
    return known;
  }
}

function tellShards({ params }: PlanDispatch, queries: Shard, keys: Shard): void {
  for (const [index, word] of [queries.first, queries.count, keys.first, keys.count].entries()) {
    params[shardWord + index] = word;
  }
}
