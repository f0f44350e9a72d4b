import type { Problem } from './problem.ts';
import { philox4x32 } from './random/philox.ts';
import { seedWords } from './random/stream.ts';

/** Keys of a page of K and V, as in vLLM. */
export const pageKeys = 16;

/** Pages that the keys of one batch entry fill; the last may end in padding. */
export const pagesOf = ({ seqLenKv }: Pick<Problem, 'seqLenKv'>) => Math.ceil(seqLenKv / pageKeys);

/** How rows of K or V lie in pages: every K/V head has a pool of as many whole pages as its rows fill. */
export interface Pages {
  /** Rows of a page. */
  size: number;
  /** Rows of a K/V head, pages without their padding. */
  rows: number;
  /** K/V heads of a batch entry: they share its part of the table. */
  kvHeads: number;
  /** Where in the pool each page of a batch entry lies; batch entries after each other. */
  table: number[];
}

/**
 * Scatters the pages of each batch entry (PagedAttention, Kwon et al. 2023, section 4.1): the page that lies
 * at place i is the one with the i-th smallest word, that of page j being word j mod 4 of Philox block
 * (floor(j / 4), batch entry, 0, 3), key (seed low, seed high).
 */
export function pagesFor(problem: Pick<Problem, 'batch' | 'kvHeads' | 'seqLenKv' | 'seed'>): Pages {
  const pages = pagesOf(problem);
  const table = new Array<number>(problem.batch * pages);
  const words = new Uint32Array(4 * Math.ceil(pages / 4));
  for (let batch = 0; batch < problem.batch; batch++) {
    for (let at = 0; at < words.length; at += 4) {
      philox4x32(words.subarray(at, at + 4), at / 4, batch, 0, pageCounterTag, ...seedWords(problem.seed));
    }
    Array.from({ length: pages }, (_, page) => page)
      .sort((a, b) => words[a]! - words[b]! || a - b)
      .forEach((page, place) => {
        table[batch * pages + page] = place;
      });
  }
  return { size: pageKeys, rows: problem.seqLenKv, kvHeads: problem.kvHeads, table };
}

/** Keeps the table apart from the inputs, dropout and block masks, which have 0, 1 and 2 there. */
const pageCounterTag = 3;

/** Which row of the tensor lies at a row of the paged buffer; null where there is padding. */
export function rowAtPlace({ size, rows, kvHeads, table }: Pages): (place: number) => number | null {
  const pages = Math.ceil(rows / size);
  const pageAt = new Uint32Array(table.length);
  for (const [index, place] of table.entries()) {
    const first = index - (index % pages);
    pageAt[first + place] = index - first;
  }
  return (place) => {
    const kvHead = Math.floor(place / (pages * size));
    const inHead = place % (pages * size);
    const batch = Math.floor(kvHead / kvHeads);
    const row = pageAt[batch * pages + Math.floor(inHead / size)]! * size + (inHead % size);
    return row < rows ? kvHead * rows + row : null;
  };
}
