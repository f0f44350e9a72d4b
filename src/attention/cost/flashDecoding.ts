import { visiblePairs } from '../mask.ts';
import { pageKeys, pagesOf } from '../paging.ts';
import type { Problem } from '../problem.ts';
import type { Result } from '../shape.ts';
import { rowLayout, tensorRows } from '../storage.ts';
import type { TileSize, Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { plainTile, rowParts, stagedTile, vec4s } from '../workgroupMemory.ts';
import { elementAccess, kvRowAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, BufferSize, Cost } from './cost.ts';
import { flashDecodingWalk } from './flashDecodingWalk.ts';
import { forwardFlops } from './flops.ts';
import { type PackedSums, packedSums, packedTileCounts, splitKeys } from './packedTiles.ts';
import { biasSize, exactMemory, rowStatisticSize, tensorSize } from './tensors.ts';
import { gridOf, type StageShape, stageWork } from './work.ts';

export const flashDecodingStages = ['split', 'merge'] as const;

/** Workgroups that fill today's GPUs, and the fewest keys for which a workgroup is worth starting. */
const wantedGroups = 256;
const fewestKeys = 64;
const mostSplits = 256;
const widestTile = 64;

/** As many splits as fill the device, and no more than there are keys for. */
export function chooseSplits(
  problem: Problem,
  { bc }: TileSize,
  requested: number | undefined,
): Result<number> {
  if (
    requested !== undefined &&
    !(Number.isSafeInteger(requested) && requested >= 1 && requested <= mostSplits)
  ) {
    return { ok: false, error: `tiling splits=${requested}: must be a whole number from 1 to ${mostSplits}` };
  }
  const { batch, heads, kvHeads, seqLenQ, seqLenKv } = problem;
  const groups = batch * kvHeads * Math.ceil(((heads / kvHeads) * seqLenQ) / widestTile);
  const chosen = Math.min(Math.ceil(wantedGroups / groups), Math.ceil(seqLenKv / fewestKeys), mostSplits);
  const keys = splitKeys(problem, { splits: requested ?? chosen, bc });
  return { ok: true, value: Math.ceil(seqLenKv / keys) };
}

/** Bytes of one head's partial O: for each row and split whole vec4s, f32. */
export function partialBytes({ seqLenQ, headDimV }: Problem, splits: number): number {
  return seqLenQ * splits * vec4s(headDimV) * 16;
}

/** Bytes of one head's log-sum-exps, or sums, of the splits. */
export function partialStatisticBytes({ seqLenQ }: Problem, splits: number): number {
  return seqLenQ * splits * 4;
}

/** Rows of K or V of one K/V head in whole pages. */
export const heldKeys = (problem: Problem) => pagesOf(problem) * pageKeys;

/** K or V in pages: every K/V head has a pool of whole pages. */
export function pagedBytes(problem: Problem, name: 'k' | 'v'): number {
  const { batch, kvHeads } = problem;
  return batch * kvHeads * heldKeys(problem) * tensorRows(problem, name).layout.bytes;
}

/** One word for each page of each batch entry; its K/V heads share it. */
export const blockTableBytes = (problem: Problem) => problem.batch * pagesOf(problem) * 4;

/**
 * Flash-Decoding (Dao, Haziza, Massa, Sizov 2023): the keys are cut into splits, and a workgroup takes br
 * rows, over all heads of a K/V head, of one split. K and V are read once for each row of tiles, Q once for
 * each row of tiles and split. A row's partial O and log-sum-exp are written, and read again by the merge,
 * for each split of which it sees a key; the merge writes O and the log-sum-exp.
 */
function passOf(paged: boolean): AlgorithmPass {
  return {
    stages: flashDecodingStages,
    workgroupMemory: ({ headDim }, { br, bc, dc }) =>
      plainTile(br, headDim) +
      stagedTile(bc, dc) +
      stagedTile(br, bc) +
      rowParts(br, bc) +
      (paged ? (Math.floor(bc / pageKeys) + 2) * 4 : 0),
    scratchPerHead: (problem, { splits }) => partialBytes(problem, splits),
    ...(paged ? { keyRows: heldKeys } : {}),
    wholeGroups: true,
    packsGroups: true,
    splits: chooseSplits,
    walk: flashDecodingWalk(paged),
    cost: (problem, tiling): Cost => {
      const sums = packedSums(problem, tiling, pageKeys);
      const [, merge] = flashDecodingStages;
      const queries = problem.batch * problem.seqLenQ;
      const ofGroup = kvRowAccess.bind(null, problem);
      return {
        traffic: sumTraffic('exact', flashDecodingStages, [
          ...splitAccesses(problem, sums, 'partial_lse', paged),
          ofGroup(
            { stage: merge, buffer: 'partial_o', kind: 'load' },
            sums.partialRows,
            partialLayout(problem),
          ),
          ofGroup({ stage: merge, buffer: 'partial_lse', kind: 'load' }, sums.partialRows, wordLayout),
          rowAccess(
            problem,
            { stage: merge, buffer: 'o', kind: 'store' },
            queries,
            tensorRows(problem, 'o').layout,
          ),
          elementAccess(problem, { stage: merge, buffer: 'lse', kind: 'store' }, queries),
        ]),
        flops: forwardFlops(problem),
        work: stageWork(problem, tiling, decodingShapes(problem, tiling)),
        tiles: packedTileCounts(problem, sums),
        memory: exactMemory(decodingBuffers(problem, tiling, 'partial_lse', paged)),
      };
    },
  };
}

/** Packed rows of a K/V head's group by splits, then the merge of every query row. */
export function decodingShapes(problem: Problem, tiling: Tiling): StageShape[] {
  const { heads, kvHeads, seqLenQ, headDim, headDimV } = problem;
  const [split, merge] = flashDecodingStages;
  const packedTiles = Math.ceil(((heads / kvHeads) * seqLenQ) / tiling.br);
  return [
    {
      stage: split,
      columns: headDim + headDimV,
      exponentials: 1,
      perKvHead: packedTiles * tiling.splits,
    },
    { stage: merge, perHead: gridOf(problem, tiling).rowGroups },
  ];
}

/** What the first step moves; `statistic` is the buffer of what it leaves of each row beside the partial O. */
export function splitAccesses(
  problem: Problem,
  sums: PackedSums,
  statistic: string,
  paged: boolean,
): Access[] {
  const [stage] = flashDecodingStages;
  const layout = (name: 'q' | 'k' | 'v') => tensorRows(problem, name).layout;
  const ofGroup = kvRowAccess.bind(null, problem);
  const table = ofGroup({ stage, buffer: 'block_table', kind: 'load' }, sums.pagesWalked, wordLayout);
  const bias = elementAccess(problem, { stage, buffer: 'bias', kind: 'load' }, visiblePairs(problem));
  return [
    ofGroup({ stage, buffer: 'q', kind: 'load' }, sums.queryRows, layout('q')),
    ofGroup({ stage, buffer: 'k', kind: 'load' }, sums.keysWalked, layout('k')),
    ofGroup({ stage, buffer: 'v', kind: 'load' }, sums.keysWalked, layout('v')),
    ...(paged ? [table] : []),
    ...(problem.bias ? [bias] : []),
    ofGroup({ stage, buffer: 'partial_o', kind: 'store' }, sums.partialRows, partialLayout(problem)),
    ofGroup({ stage, buffer: statistic, kind: 'store' }, sums.partialRows, wordLayout),
  ];
}

export const wordLayout = rowLayout('f32', 1);

/** A row of a partial O: whole vec4s. */
export const partialLayout = ({ headDimV }: Problem) => rowLayout('f32', vec4s(headDimV) * 4);

export function decodingBuffers(
  problem: Problem,
  { splits, headsPerSlice }: Tiling,
  statistic: string,
  paged: boolean,
): BufferSize[] {
  const heads = Math.max(1, headsPerSlice);
  const keyed = (name: 'k' | 'v') =>
    paged ? { name, bytes: pagedBytes(problem, name) } : tensorSize(problem, name);
  return [
    tensorSize(problem, 'q'),
    keyed('k'),
    keyed('v'),
    tensorSize(problem, 'o'),
    ...(problem.bias ? [biasSize(problem)] : []),
    ...(paged ? [{ name: 'block_table', bytes: blockTableBytes(problem) }] : []),
    rowStatisticSize(problem, 'lse'),
    { name: 'partial_o', bytes: heads * partialBytes(problem, splits) },
    { name: statistic, bytes: heads * partialStatisticBytes(problem, splits) },
  ];
}

export const flashDecodingForward = passOf(false);
export const flashDecodingPagedForward = passOf(true);
