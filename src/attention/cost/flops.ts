import { visiblePairs } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { Shape } from '../shape.ts';
import type { Flops } from './cost.ts';

/**
 * Floating point operations of the forward pass. Nominal is the rule of the FlashAttention benchmarks
 * (benchmark_flash_attention.py): 4 B H N M d, halved for causal. Exact counts 2 (d + dv) for each
 * visible pair: one multiply-add per element of the two products.
 */
export function forwardFlops(problem: Problem): Flops {
  const heads = BigInt(problem.heads);
  const pairs = BigInt(problem.batch) * BigInt(problem.seqLenQ) * BigInt(problem.seqLenKv);
  const dims = BigInt(problem.headDim + problem.headDimV);
  return {
    provenance: 'exact',
    nominal: (2n * heads * pairs * dims) / (problem.causal ? 2n : 1n),
    exact: 2n * heads * BigInt(visiblePairs(problem)) * dims,
  };
}

/**
 * Floating point operations of a backward pass that makes `dims` columns of products for each visible
 * pair: d + dv for S and dP, d for each of dQ and dK, dv for dV, and again what it recomputes. Nominal is
 * 2.5 times the forward pass, as the FlashAttention benchmarks count.
 */
export function backwardFlops(problem: Problem, dims: number): Flops {
  const heads = BigInt(problem.heads);
  return {
    provenance: 'exact',
    nominal: (forwardFlops(problem).nominal * 5n) / 2n,
    exact: 2n * heads * BigInt(visiblePairs(problem)) * BigInt(dims),
  };
}

/** Multiply-adds of Q K^T and P V over all pairs of a query and a key, masks left out: B H N M (d + dv). */
export function denseProducts(shape: Shape): number {
  const { batch, heads, seqLenQ, seqLenKv, headDim, headDimV } = shape;
  return batch * heads * seqLenQ * seqLenKv * (headDim + headDimV);
}
