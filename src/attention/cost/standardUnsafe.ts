import { visiblePairs } from '../mask.ts';
import type { Problem } from '../problem.ts';
import { tensorRows } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { elementAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, BufferSize } from './cost.ts';
import { forwardFlops } from './flops.ts';
import {
  scoreAccesses,
  scoreBytes,
  standardShapes,
  standardStages,
  standardWorkgroupMemory,
} from './standard.ts';
import { standardUnsafeWalk } from './standardWalk.ts';
import { exactMemory, forwardTensors, matrixSize, rowStatisticSize } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';
import { stageWork } from './work.ts';

const wordBytes = 4;

/** Keys that one 32-bit word of the stored exponentials holds: they are stored as the inputs are. */
export const keysPerWord = ({ dtype }: Problem) => (dtype === 'f32' ? 1 : 2);

/** The stored exponentials of one slice, at least one head; rows are padded to a whole word. */
export function exponentialsSize(problem: Problem, headsPerSlice: number): BufferSize {
  const words = Math.ceil(problem.seqLenKv / keysPerWord(problem));
  return { name: 'p', bytes: Math.max(1, headsPerSlice) * problem.seqLenQ * words * wordBytes };
}

/** Words of which a row sees any key, for one head over the whole batch. */
const visibleWords = (problem: Problem) => tileSums(problem, 1, keysPerWord(problem)).queryRowsPerTile;

function accesses(problem: Problem, tiling: Tiling): Access[] {
  const [scores, softmax, output] = standardStages;
  const words = visibleWords(problem);
  const queries = problem.batch * problem.seqLenQ;
  const { keysWalked } = tileSums(problem, tiling.br, tiling.bc);
  const layout = (name: 'v' | 'o') => tensorRows(problem, name).layout;
  return [
    ...scoreAccesses(problem, tiling, scores),
    elementAccess(problem, { stage: softmax, buffer: 's', kind: 'load' }, visiblePairs(problem)),
    elementAccess(problem, { stage: softmax, buffer: 'p', kind: 'store' }, words),
    elementAccess(problem, { stage: softmax, buffer: 'l', kind: 'store' }, queries),
    elementAccess(problem, { stage: output, buffer: 'p', kind: 'load' }, words),
    rowAccess(problem, { stage: output, buffer: 'v', kind: 'load' }, keysWalked, layout('v')),
    elementAccess(problem, { stage: output, buffer: 'l', kind: 'load' }, queries),
    rowAccess(problem, { stage: output, buffer: 'o', kind: 'store' }, queries, layout('o')),
  ];
}

/**
 * Standard attention without a maximum in the softmax: each score is read once, e^S is written as it is, and
 * rows of O are divided by their sums. e^S is stored in the type of the inputs, so f16 overflows beyond
 * x = 11 and f32 beyond 88.
 */
export const standardUnsafeForward: AlgorithmPass = {
  stages: standardStages,
  workgroupMemory: (shape, tile) => standardWorkgroupMemory(shape, tile) + wordBytes * tile.br,
  scratchPerHead: scoreBytes,
  walk: standardUnsafeWalk(keysPerWord),
  cost: (problem, tiling) => ({
    traffic: sumTraffic('exact', standardStages, accesses(problem, tiling)),
    flops: forwardFlops(problem),
    work: stageWork(problem, tiling, standardShapes(problem, tiling, 1)),
    tiles: tileCounts(problem, tileSums(problem, tiling.br, tiling.bc)),
    memory: exactMemory([
      ...forwardTensors(problem),
      matrixSize(problem, 's', tiling.headsPerSlice),
      exponentialsSize(problem, tiling.headsPerSlice),
      rowStatisticSize(problem, 'l'),
    ]),
  }),
};
