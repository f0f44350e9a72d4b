import { visibleBlocks } from '../../../src/attention/blockMask.ts';
import type { Problem } from '../../../src/attention/problem.ts';
import { philox4x32 } from '../../../src/attention/random/philox.ts';
import { emptyRowLse } from '../../../src/gpu/reference/softmax.ts';
import { tile } from './optionProblems.ts';

type Inputs = Record<string, Float64Array>;

/**
 * Another way to the same numbers as the reference: pair by pair with four-dimensional indices, every mask
 * as a condition on one pair, no maximum subtracted (scores of a few units are far from overflow in
 * float64), and sums that carry their rounding error (Kahan).
 */
export function materialised(p: Problem, inputs: Inputs): { o: number[]; lse: number[] } {
  const o: number[] = [];
  const lse: number[] = [];
  for (let b = 0; b < p.batch; b++)
    for (let h = 0; h < p.heads; h++)
      for (let i = 0; i < p.seqLenQ; i++) {
        const g = Math.trunc(h / (p.heads / p.kvHeads));
        const keys = Array.from({ length: p.seqLenKv }, (_, j) => j);
        const weights = keys.map((j) => (sees(p, b, i, j) ? Math.exp(score(p, inputs, b, h, g, i, j)) : 0));
        const sink = p.sinks ? Math.exp(inputs.sinks![h]!) : 0;
        const total = kahan([sink, ...weights]);
        lse.push(total === 0 ? emptyRowLse : Math.log(total));
        for (let c = 0; c < p.headDimV; c++) {
          const terms = keys.map((j) => {
            const value = inputs.v![((b * p.kvHeads + g) * p.seqLenKv + j) * p.headDimV + c]!;
            return weights[j]! * kept(p, b * p.heads + h, i, j) * value;
          });
          o.push(total === 0 ? 0 : kahan(terms) / total);
        }
      }
  return { o, lse };
}

function shift(p: Problem, b: number): number {
  if (p.packed || p.causal === 'top-left') return 0;
  return (p.lengths ? p.lengths[b]! : p.seqLenKv) - p.seqLenQ;
}

function sees(p: Problem, b: number, i: number, j: number): boolean {
  const ahead = j - shift(p, b) - i;
  if (p.lengths && j >= p.lengths[b]!) return false;
  if (p.causal && ahead > 0) return false;
  if (p.window && p.window.left !== null && -ahead > p.window.left) return false;
  if (p.window && p.window.right !== null && ahead > p.window.right) return false;
  if (p.packed && i < p.packed[0]! !== j < p.packed[0]!) return false;
  if (!p.blockMask) return true;
  const rowBlock = Math.trunc(i / tile.br);
  const counts = [Math.ceil(p.seqLenQ / tile.br), Math.ceil(p.seqLenKv / tile.bc)] as const;
  return visibleBlocks(p.blockMask, rowBlock, ...counts, p.seed).includes(Math.trunc(j / tile.bc));
}

function score(p: Problem, inputs: Inputs, b: number, h: number, g: number, i: number, j: number): number {
  const products = Array.from(
    { length: p.headDim },
    (_, c) =>
      inputs.q![((b * p.heads + h) * p.seqLenQ + i) * p.headDim + c]! *
      inputs.k![((b * p.kvHeads + g) * p.seqLenKv + j) * p.headDim + c]!,
  );
  let s = kahan(products) * p.headDim ** -0.5;
  // tanh by exponentials.
  if (p.softcap !== null) s = p.softcap * (1 - 2 / (Math.exp((2 * s) / p.softcap) + 1));
  if (p.bias) {
    const biasBatch = p.bias.batch === 1 ? 0 : b;
    const biasHead = p.bias.heads === 1 ? 0 : h;
    s += inputs.bias![((biasBatch * p.bias.heads + biasHead) * p.seqLenQ + i) * p.seqLenKv + j]!;
  }
  if (p.alibi) s -= Math.fround(slope(h, p.heads)) * Math.abs(i + shift(p, b) - j);
  return s;
}

/** As the text of the ALiBi paper has it: a geometric sequence that begins at its own ratio, 2^(-8/n). */
function slope(h: number, heads: number): number {
  let power = 1;
  while (power * 2 <= heads) power *= 2;
  if (h < power) return Math.exp(-Math.LN2 * (8 / power) * (h + 1));
  return Math.exp(-Math.LN2 * (8 / (2 * power)) * (2 * (h - power) + 1));
}

/** What dropout leaves of one element. */
function kept(p: Problem, head: number, i: number, j: number): number {
  if (p.dropout === null) return 1;
  const words = new Uint32Array(4);
  philox4x32(words, j >> 2, i, head, 1, p.seed % 2 ** 32, Math.trunc(p.seed / 2 ** 32));
  return words[j & 3]! < Math.floor(p.dropout * 2 ** 32) ? 0 : 1 / (1 - p.dropout);
}

function kahan(values: number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const corrected = value - lost;
    const next = total + corrected;
    lost = next - total - corrected;
    total = next;
  }
  return total;
}
