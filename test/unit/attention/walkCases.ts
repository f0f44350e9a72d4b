import * as fc from 'fast-check';
import type { BlockMask } from '../../../src/attention/blockMask.ts';
import { type CatalogueRow, catalogue } from '../../../src/attention/catalogue.ts';
import type { AlgorithmPass } from '../../../src/attention/cost/cost.ts';
import { type Pass, type Problem, passes, problemId } from '../../../src/attention/problem.ts';
import { unsupported } from '../../../src/attention/support.ts';
import type { Tiling } from '../../../src/attention/tiling.ts';
import { problems, tileSizes } from './arbitrary.ts';

export interface WalkCase {
  row: CatalogueRow;
  pass: Pass;
  model: AlgorithmPass;
  problem: Problem;
  tiling: Tiling;
}

const blockMasks: fc.Arbitrary<BlockMask> = fc.constantFrom<BlockMask>(
  { kind: 'local', width: 1 },
  { kind: 'strided', stride: 3 },
  { kind: 'butterfly' },
  { kind: 'random', density: 0.4 },
);

/** Every algorithm and pass on problems of every kind, with slices that cut heads unevenly. */
export function walkCases(maxLength = 60): fc.Arbitrary<WalkCase> {
  return fc
    .record({
      row: fc.constantFrom(...catalogue),
      pass: fc.constantFrom(...passes),
      problem: problems(maxLength),
      tile: tileSizes,
      splits: fc.integer({ min: 1, max: 6 }),
      groupsPerSlice: fc.integer({ min: 1, max: 9 }),
      ringDevices: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
      biasShape: fc.constantFrom('full', 'heads', 'batch', 'one'),
      mask: blockMasks,
    })
    .map(({ row, pass, problem: drawn, tile, splits, groupsPerSlice, ringDevices, biasShape, mask }) => {
      const { batch, heads, kvHeads, seqLenQ, seqLenKv } = drawn;
      const problem: Problem = {
        ...drawn,
        ringDevices: ringDevices && Math.min(ringDevices, seqLenQ, seqLenKv),
        blockMask: row.id.startsWith('block-sparse') ? mask : null,
        bias: drawn.bias && {
          batch: biasShape === 'full' || biasShape === 'batch' ? batch : 1,
          heads: biasShape === 'full' || biasShape === 'heads' ? heads : 1,
        },
      };
      const model = pass === 'backward' && row.backward ? row.backward : row.forward;
      const asked = model.splits?.(problem, { ...tile, dc: 4 }, splits);
      const unit = heads / kvHeads;
      const tiling: Tiling = {
        ...tile,
        dc: tile.bc,
        splits: asked?.ok ? asked.value : 1,
        headsPerSlice: Math.min(batch * heads, groupsPerSlice * unit),
      };
      const run: Pass = model === row.backward ? 'backward' : 'forward';
      const name = `${row.id} ${run} ${problemId(problem)} ${JSON.stringify(tiling)}`;
      return { row, pass: run, model, problem, tiling, [fc.toStringMethod]: () => name };
    })
    .filter(({ row, pass, problem }) => unsupported(row, problem, pass) === null);
}
