/** The log-sum-exp of a row that sees no key; its output is 0. The lowest finite f32, not minus infinity. */
export const emptyRowLse = -3.4028234663852886e38;

/**
 * Safe softmax over a whole row (FlashAttention, Algorithm 0), in place: scores become probabilities. A
 * sink is one more logit that takes its share and is not among them. A masked
 * pair has the score minus infinity. Returns the natural log-sum-exp, the sink included.
 */
export function softmaxInPlace(scores: Float64Array, sink: number | null): number {
  let max = sink ?? Number.NEGATIVE_INFINITY;
  for (const score of scores) if (score > max) max = score;
  if (max === Number.NEGATIVE_INFINITY) {
    scores.fill(0);
    return emptyRowLse;
  }
  let total = sink === null ? 0 : Math.exp(sink - max);
  for (let key = 0; key < scores.length; key++) {
    scores[key] = Math.exp(scores[key]! - max);
    total += scores[key]!;
  }
  for (let key = 0; key < scores.length; key++) scores[key]! /= total;
  return max + Math.log(total);
}
