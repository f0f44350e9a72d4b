import { rowLayout, tensorRows } from '../storage.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import type { AlgorithmPass } from './cost.ts';
import {
  decodingBuffers,
  decodingShapes,
  flashDecodingForward,
  partialLayout,
  splitAccesses,
  wordLayout,
} from './flashDecoding.ts';
import { flashDecodingPlusWalk } from './flashDecodingPlusWalk.ts';
import { forwardFlops } from './flops.ts';
import { packedSums, packedTileCounts } from './packedTiles.ts';
import { exactMemory } from './tensors.ts';
import { stageWork } from './work.ts';

export const flashDecodingPlusStages = ['split', 'merge', 'recompute'] as const;

/** Keys and splits of a row that is computed again, two words; zeros of any other. */
export const recomputedLayout = rowLayout('f32', 2);

/**
 * FlashDecoding++ (Hong et al. 2023, section 3): as Flash-Decoding, but the splits take exponentials against
 * one maximum chosen ahead, so that the merge adds without rescaling. A row whose sum shows a score too far
 * from it is not merged: the last stage reads its Q, K and V again. How many those are only the device
 * knows: `recomputedRows`, their `recomputedKeys`, and the `recomputedSplits` whose sums are not read; none
 * where the numbers are not given.
 */
const cost: AlgorithmPass['cost'] = (problem, tiling, numbers = {}) => {
  const { recomputedRows = 0, recomputedKeys = 0, recomputedSplits = 0 } = numbers;
  const sums = packedSums(problem, tiling, 1);
  const [, merge, recompute] = flashDecodingPlusStages;
  const queries = problem.batch * problem.heads * problem.seqLenQ;
  const partials = problem.kvHeads * sums.partialRows;
  const layout = (name: 'q' | 'k' | 'v' | 'o') => tensorRows(problem, name).layout;
  const flops = forwardFlops(problem);
  const again = 2n * BigInt(recomputedKeys) * BigInt(problem.headDim + problem.headDimV);
  const access = (
    stage: string,
    kind: Access['kind'],
    buffer: string,
    rows: number,
    { accesses, bytesPerAccess } = wordLayout,
  ) => ({ stage, kind, buffer, accesses: BigInt(rows) * BigInt(accesses), bytesPerAccess });
  return {
    traffic: sumTraffic('exact', flashDecodingPlusStages, [
      ...splitAccesses(problem, sums, 'partial_sum', false),
      access(merge, 'load', 'partial_sum', partials),
      access(merge, 'load', 'partial_o', partials - recomputedSplits, partialLayout(problem)),
      access(merge, 'store', 'o', queries - recomputedRows, layout('o')),
      access(merge, 'store', 'lse', queries - recomputedRows),
      access(merge, 'store', 'recomputed', queries, recomputedWords),
      access(recompute, 'load', 'recomputed', queries),
      access(recompute, 'load', 'q', recomputedRows, layout('q')),
      access(recompute, 'load', 'k', recomputedKeys, layout('k')),
      access(recompute, 'load', 'v', recomputedKeys, layout('v')),
      ...(problem.bias ? [access(recompute, 'load', 'bias', recomputedKeys)] : []),
      access(recompute, 'store', 'o', recomputedRows, layout('o')),
      access(recompute, 'store', 'lse', recomputedRows),
    ]),
    flops: {
      ...flops,
      exact: flops.exact + again,
    },
    work: [
      ...stageWork(problem, tiling, decodingShapes(problem, tiling)),
      ...stageWork(problem, tiling, [{ stage: recompute, perHead: problem.seqLenQ }]).map((work) => ({
        ...work,
        matmulFlops: again,
        exponentials: BigInt(recomputedKeys),
      })),
    ],
    tiles: packedTileCounts(problem, sums),
    memory: exactMemory([
      ...decodingBuffers(problem, tiling, 'partial_sum', false),
      { name: 'recomputed', bytes: queries * recomputedLayout.bytes },
    ]),
  };
};

/** Both words in one access. */
const recomputedWords = { ...recomputedLayout, accesses: 1, bytesPerAccess: recomputedLayout.bytes };

export const flashDecodingPlusForward: AlgorithmPass = {
  ...flashDecodingForward,
  stages: flashDecodingPlusStages,
  cost,
  walk: flashDecodingPlusWalk,
};
