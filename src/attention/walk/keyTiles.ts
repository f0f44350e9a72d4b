import type { Problem } from '../problem.ts';
import type { WalkParts } from './queryTiles.ts';
import { rectangleSums } from './rectangle.ts';
import { groupSize, type WalkStep } from './walk.ts';

/**
 * A workgroup that owns the keys of one K/V head and walks the tiles of query rows that see any of them,
 * from top to bottom, over the query heads of the group: the tile is turned, with
 * `br` keys to a workgroup and `bc` rows to a tile, `join` tiles to a step.
 * `first` and `last` are there even where no row sees its keys.
 */
export function* keyTileSteps(
  problem: Problem,
  kvHead: number,
  keyTile: number,
  { br, bc }: { br: number; bc: number },
  join: number,
  { first, each, last }: WalkParts,
): Generator<WalkStep> {
  const group = groupSize(problem);
  const batch = Math.floor(kvHead / problem.kvHeads);
  const height = bc * join;
  const keyStart = keyTile * br;
  const keyEnd = Math.min(problem.seqLenKv, keyStart + br);
  // One step is held back, so that what comes last is in the last step.
  let held: WalkStep | null = null;
  const begin = first?.() ?? [];
  for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
    for (let row = 0; row < problem.seqLenQ; row += height) {
      const part = { rowStart: row, rowEnd: Math.min(problem.seqLenQ, row + height), keyStart, keyEnd };
      const sums = rectangleSums(problem, batch, part, bc, br);
      if (sums.tiles === 0) continue;
      if (held) yield held;
      held = { tile: { head, ...part, state: sums.state }, accesses: each({ head, ...part, ...sums }) };
      held.accesses.unshift(...begin.splice(0));
    }
  }
  const end = last?.() ?? [];
  if (held) {
    held.accesses.push(...end);
    yield held;
  } else if (begin.length + end.length > 0) {
    yield { tile: null, accesses: [...begin, ...end] };
  }
}
