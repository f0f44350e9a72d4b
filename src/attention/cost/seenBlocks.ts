import type { BlockRun } from '../blockRuns.ts';

/** Which key blocks any run names: O(1) to add a run, O(blocks) to count in the end. Strided runs have one stride. */
export class SeenBlocks {
  /** How many runs begin at a block, less those that ended before it. */
  readonly #whole: Int32Array;
  readonly #strided: Int32Array;
  #stride = 1;

  constructor(blocks: number) {
    this.#whole = new Int32Array(blocks);
    this.#strided = new Int32Array(blocks);
  }

  add({ first, last, stride }: BlockRun): void {
    const ends = stride === 1 ? this.#whole : this.#strided;
    if (stride > 1) this.#stride = stride;
    ends[first]!++;
    if (last + stride < ends.length) ends[last + stride]!--;
  }

  /** Keys in the blocks seen, the last of which may be short. */
  keys(bc: number, seqLenKv: number): number {
    const runs = Int32Array.from(this.#strided);
    let open = 0;
    let keys = 0;
    for (let block = 0; block < runs.length; block++) {
      open += this.#whole[block]!;
      if (block >= this.#stride) runs[block]! += runs[block - this.#stride]!;
      if (open > 0 || runs[block]! > 0) keys += Math.min(bc, seqLenKv - block * bc);
    }
    return keys;
  }
}
