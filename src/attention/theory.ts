import { bytesPerElement, type Dtype, type Pass } from './problem.ts';
import type { Shape } from './shape.ts';

/**
 * Which of the theorems speaks for an on-chip size M and head dimension d:
 * - `below-head-dim`, M < d: none
 * - `small-cache`, d <= M < d^2: products by square blocks beat flash, N^2 d / sqrt(M)
 * - `large-cache`, d^2 <= M < N d: flash is optimal, N^2 d^2 / M
 * - `all-fits`, M >= N d: a whole head fits, and N d is all there is to move
 */
export type CacheRegime = 'below-head-dim' | 'small-cache' | 'large-cache' | 'all-fits';

/**
 * An order of growth evaluated without its constant, in elements. Not a count of accesses: twice as large says
 * twice the growth, and nothing of which of two algorithms moves less at one size.
 */
export interface OrderTerm {
  provenance: 'modelled';
  order: string;
  elements: number;
}

/** What theory says of one pass, for one head or for all heads of the batch. */
export interface AccessOrders {
  standard: OrderTerm;
  flash: OrderTerm;
  /** What no exact algorithm undercuts, up to a constant: an order like the others. */
  lowerBound: OrderTerm;
  /** Elements that must move whatever the algorithm; this one is a count. */
  compulsory: { provenance: 'bound'; elements: number };
}

export interface Theory {
  /** M: elements of Q, K, V and O that the chip holds at a time. */
  onChipElements: number;
  regime: CacheRegime;
  perHead: AccessOrders;
  total: AccessOrders;
}

/** M for an on-chip memory of `bytes`, elements of the storage type. */
export function onChipElements(bytes: number, dtype: Dtype): number {
  return Math.floor(bytes / bytesPerElement(dtype));
}

/**
 * Orders of HBM accesses. Standard: N d + N^2; flash: N^2 d^2 / M for d <= M <= N d (FlashAttention, arXiv
 * 2205.14135, Theorem 2, and Theorem 5 for the backward pass). Lower bound: min(N^2 d / sqrt M, N^2 d^2 / M)
 * (Saha and Ye 2024, arXiv 2402.07443, tight, for M < d^2 among algorithms without fast matrix
 * multiplication); backward min((N^2 d^2 + N d^3) / M, (N^2 d + N d^2) / sqrt M) ("On Fine-Grained I/O
 * Complexity of Attention Backward Passes", 2024). Never less than N d, which matters for M > N d.
 *
 * The papers have one N and one d. Here N^2 is seqLenQ seqLenKv, a lone N their mean, d the mean of headDim
 * and headDimV, so that N d is a quarter of the elements of Q, K, V and O, and the regime compares M with
 * the mean d, and with min(seqLenQ, seqLenKv) d. Both reduce to the papers' for equal sizes; a difference
 * of sizes up to a constant factor changes no order. Masks, also causal, are left out. The total is
 * batch x heads single heads: what grouped heads could share is left out too.
 */
export function theory(shape: Shape, onChip: number, pass: Pass = 'forward'): Theory {
  if (!(onChip >= 1)) throw new RangeError(`an on-chip size is at least one element, not ${onChip}`);
  const heads = shape.batch * shape.heads;
  const perHead = headOrders(shape, onChip, pass);
  const times = <T extends { elements: number }>(term: T): T => ({
    ...term,
    elements: term.elements * heads,
  });
  const compulsory = wholeCompulsory(shape, pass);
  return {
    onChipElements: onChip,
    regime: cacheRegime(shape, onChip),
    perHead,
    total: {
      standard: times(perHead.standard),
      flash: times(perHead.flash),
      lowerBound: times(perHead.lowerBound),
      compulsory: { provenance: 'bound', elements: compulsory },
    },
  };
}

/** d: the mean of the two head dimensions. */
const meanDim = ({ headDim, headDimV }: Shape) => (headDim + headDimV) / 2;

export function cacheRegime(shape: Shape, onChip: number): CacheRegime {
  const d = meanDim(shape);
  if (onChip < d) return 'below-head-dim';
  if (onChip >= Math.min(shape.seqLenQ, shape.seqLenKv) * d) return 'all-fits';
  return onChip < d * d ? 'small-cache' : 'large-cache';
}

function headOrders(shape: Shape, onChip: number, pass: Pass): AccessOrders {
  const { seqLenQ, seqLenKv } = shape;
  const d = meanDim(shape);
  const n = (seqLenQ + seqLenKv) / 2;
  const pairs = seqLenQ * seqLenKv;
  const root = Math.sqrt(onChip);
  const forward = pass === 'forward';
  const term = (order: string, elements: number): OrderTerm => ({ provenance: 'modelled', order, elements });
  const large = (pairs * d * d + (forward ? 0 : n * d ** 3)) / onChip;
  const small = (pairs * d + (forward ? 0 : n * d * d)) / root;
  const [largeOrder, smallOrder] = forward
    ? ['N^2 d^2 / M', 'N^2 d / sqrt(M)']
    : ['(N^2 d^2 + N d^3) / M', '(N^2 d + N d^2) / sqrt(M)'];
  const least = Math.min(small, large);
  const boundOrder = small < large ? smallOrder : largeOrder;
  const flash = (pairs * d * d) / onChip;
  const linear = n * d;
  return {
    standard: term('N d + N^2', linear + pairs),
    flash: term(flash < linear ? 'N d' : 'N^2 d^2 / M', Math.max(linear, flash)),
    lowerBound: term(least < linear ? 'N d' : boundOrder, Math.max(linear, least)),
    compulsory: {
      provenance: 'bound',
      elements: wholeCompulsory({ ...shape, batch: 1, heads: 1, kvHeads: 1 }, pass),
    },
  };
}

/** Elements of Q, K, V and O; backward of Q, K, V, dO, dQ, dK and dV. */
function wholeCompulsory(shape: Shape, pass: Pass): number {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } = shape;
  const queries = batch * heads * seqLenQ;
  const keys = batch * kvHeads * seqLenKv;
  const inputs = queries * headDim + keys * (headDim + headDimV);
  const output = queries * headDimV;
  return pass === 'forward' ? inputs + output : 2 * inputs + output;
}
