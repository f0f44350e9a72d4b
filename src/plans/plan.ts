import type { DeviceLimits } from '../attention/limits.ts';
import type { Pages } from '../attention/paging.ts';
import type { Dtype, Pass, Problem } from '../attention/problem.ts';
import type { Tiling } from '../attention/tiling.ts';

/** What a buffer holds before the plan runs. */
export type Fill =
  /** Standard normal numbers of a stream (src/attention/random), rounded to the buffer's storage type. */
  | {
      kind: 'normal';
      seed: number;
      stream: number;
      /** Rows are scattered in pages; the numbers are those of the rows in order, and 0 in the padding. */
      pages?: Pages;
    }
  /** 32-bit words as they are. */
  | { kind: 'words'; words: number[] }
  /** Element i is start + i * step, in the type; whole numbers wrap at 2^32. */
  | { kind: 'sequence'; type: 'f32' | 'f16' | 'i32' | 'u32'; start: number; step: number }
  /** The words that come with the request, as many as the buffer holds. */
  | { kind: 'given' }
  | { kind: 'zero' }
  /** Every element NaN, so that an element nobody writes shows. */
  | { kind: 'poison' };

export interface PlanBuffer {
  /** The field's name of the tensor in lower case: q, k, v, s, p, o, lse. Also the WGSL variable's name. */
  name: string;
  /**
   * `table` is a uniform buffer of option values (lengths, slopes, sinks); it is the harness's, not a tensor.
   * `computed` is an input that the plan's prologue computes: O and LSE of a backward pass.
   */
  role: 'input' | 'computed' | 'output' | 'scratch' | 'table';
  bytes: number;
  /** Storage type and row width in elements; rows are laid out as `rowLayout` says. */
  elements: { dtype: Dtype; width: number };
  fill: Fill;
}

export interface PlanModule {
  id: string;
  /** WESL file below `kernels/`, without ending: `flash2/forward`. */
  source: string;
  conditions: Record<string, boolean>;
  constants: Record<string, number>;
  /** Tensors that the kernel accesses through generated accessors: `import tensors::load_q`. */
  tensors: ModuleTensor[];
}

/** A tensor of a module: accessors `load_<name>` and `store_<name>` by row and vec4 column. */
export interface ModuleTensor {
  name: string;
  binding: number;
  access: 'read' | 'write' | 'read_write';
  dtype: Dtype;
  /** Elements of a row. */
  width: number;
}

/** A slice of a buffer as one binding; `offset` obeys the device's offset alignment. Bytes. */
export interface PlanBinding {
  /** Bind group; 0 where absent. */
  group?: number;
  binding: number;
  buffer: string;
  offset: number;
  size: number;
}

/**
 * One dispatch. Binding 0 is the parameter block (uniform): `params` as 32-bit words, of which the three
 * from `groupOffsetWord` on are added to the workgroup id by the kernel. The runner writes them when it cuts
 * `grid` into slices, by workgroup limits or by time. A kernel without parameters (`params` empty) knows no
 * offset: it has no parameter block, and its dispatch is never cut.
 */
export interface PlanDispatch {
  stage: string;
  module: string;
  entryPoint: string;
  grid: [number, number, number];
  bindings: PlanBinding[];
  params: number[];
  groupOffsetWord: number;
}

/** A number taken from one column of a buffer of unsigned 32-bit words, rows as its elements say. */
export interface DeviceNumber {
  name: string;
  buffer: string;
  column: number;
  /** The sum of the words, or how many are not zero. */
  of: 'sum' | 'nonZero';
}

/** What a device runs, whatever it computes: pure data, safe to send to another process. */
export interface DispatchPlan {
  /** What messages call it. */
  algorithm: string;
  buffers: PlanBuffer[];
  /**
   * Run once, in order, before anything is checked, counted or timed: the forward pass whose results a
   * backward pass takes as given. Empty for a forward plan.
   */
  prologue: PlanDispatch[];
  /** In the order in which they run. */
  dispatches: PlanDispatch[];
  /** Names in the order in which they first run. */
  stages: string[];
  /** Read after the first run: what the exact cost cannot know without the values of the inputs. */
  deviceNumbers?: DeviceNumber[];
  /** Infinity and NaN in the outputs are what this algorithm shows: counted, but no failure. */
  mayOverflow?: boolean;
}

/** What an algorithm dispatches for one problem on one device. */
export interface Plan extends DispatchPlan {
  pass: Pass;
  problem: Problem;
  tiling: Tiling;
  modules: PlanModule[];
}

/**
 * One dispatch of a kernel of the user's own. Nobody knows what it should compute: its outputs are not
 * compared with anything, and where they depend on the order of its invocations that is a note, no failure.
 */
export interface KernelPlan extends DispatchPlan {
  problem?: undefined;
  /** The kernel loads from what it writes, so that each timed run needs its buffers as they were. */
  readsWritten?: boolean;
}

export type AnyPlan = Plan | KernelPlan;

/** A plan, or why none can exist on this device: bytes needed and limit met, in words. A result worth showing. */
export type PlanResult = { ok: true; plan: Plan } | { ok: false; reason: string };

/** Lays out one pass of an algorithm. Pure: the same arguments give the same plan. */
export type PlanBuilder = (problem: Problem, tiling: Tiling, limits: DeviceLimits, pass: Pass) => PlanResult;

/** One place in a kernel that reads or writes a storage buffer. */
export interface AccessSite {
  /** The WGSL variable: the plan's buffer name, or the part of the buffers that a kernel meets in turn. */
  buffer: string;
  kind: 'load' | 'store';
  bytesPerAccess: number;
  /** Line in the linked WGSL before the rewrite, from 1. */
  line: number;
}

/** The total of one access site in one stage. */
export interface SiteCount {
  stage: string;
  module: string;
  /** Index into the module's `counting.sites`. */
  site: number;
  /** Decimal: it may pass 2^53. */
  count: string;
}

/** A linked module: plain for timed runs, and rewritten so that it counts its own accesses. */
export interface LinkedModule {
  id: string;
  wgsl: string;
  /** Values of the module's overrides, by name or by `@id`; those left out keep their defaults. */
  constants?: Record<string, number>;
  counting: {
    wgsl: string;
    sites: AccessSite[];
    /** Binding in group 0 of the counter buffer: 64-bit totals, two u32 words (low, high) for each site. */
    counterBinding: number;
  };
  /** SHA-256 of `wgsl` and of the constants where there are any, hex. */
  hash: string;
}
