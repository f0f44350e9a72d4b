import { band } from '../attention/mask.ts';
import type { Problem } from '../attention/problem.ts';
import { type TensorName, tensorRows } from '../attention/storage.ts';
import type { Tiling } from '../attention/tiling.ts';
import { optionTable } from './optionTable.ts';
import type { ModuleTensor, PlanModule } from './plan.ts';

/** Conditions that follow from the problem; each leaves out what the problem does not need. */
export function problemConditions(problem: Problem): Record<string, boolean> {
  const { left, right } = band(problem);
  const banded = left !== null || right !== null;
  const { alibi, softcap, bias } = problem;
  return {
    BANDED: banded,
    BOTTOM_RIGHT: (banded || alibi) && problem.causal !== 'top-left' && problem.packed === null,
    LENGTHS: problem.lengths !== null,
    PACKED: problem.packed !== null,
    SOFTCAP: softcap !== null,
    BIAS: bias !== null,
    ALIBI: alibi,
    ADJUSTED: alibi || softcap !== null || bias !== null,
    SINKS: problem.sinks,
    DROPOUT: problem.dropout !== null && problem.dropout > 0,
  };
}

export interface ModuleRequest {
  id: string;
  /** WESL file below kernels/, without ending. */
  source: string;
  /** Accessed through generated accessors; bindings as given. */
  tensors?: { name: TensorName; binding: number; access: ModuleTensor['access'] }[];
  /** Size of the tile of rows that stay in workgroup memory, in vec4s. */
  rowTileVec4s?: number;
  /** Chunks of dc columns in the sums that an invocation keeps. */
  sumChunks?: number;
  constants?: Record<string, number>;
  conditions?: Record<string, boolean>;
}

/** A module specialised for a problem and a tile. */
export function problemModule(problem: Problem, tiling: Tiling, request: ModuleRequest): PlanModule {
  return {
    id: request.id,
    source: request.source,
    conditions: { ...problemConditions(problem), ...request.conditions },
    constants: {
      BR: tiling.br,
      BC: tiling.bc,
      DC: tiling.dc,
      ROW_TILE_VEC4S: request.rowTileVec4s ?? 1,
      SUM_CHUNKS: request.sumChunks ?? 1,
      HEAD_DIM: problem.headDim,
      HEAD_DIM_V: problem.headDimV,
      BIAS_BATCH: problem.bias?.batch ?? 1,
      BIAS_HEADS: problem.bias?.heads ?? 1,
      ...optionTable(problem).constants,
      ...request.constants,
    },
    tensors: (request.tensors ?? []).map(({ name, binding, access }) => ({
      name,
      binding,
      access,
      dtype: problem.dtype,
      width: tensorRows(problem, name).layout.width,
    })),
  };
}
