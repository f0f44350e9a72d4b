/**
 * Standard normal quantile: Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution",
 * Applied Statistics 37 (1988), routine PPND7, accurate to about 1 part in 10^7, as f32 needs.
 * It uses only + - * / and square roots, which IEEE 754 rounds correctly, and a logarithm made of them
 * (below), because Math.log may differ between engines in the last bit. The result is the same, bit for
 * bit, on every engine whose Math.sqrt is the hardware's; the language asks for no more than an
 * approximation there, but every engine in use does that.
 */
export function normalFromWord(word: number): number {
  // The word stands for the middle of its interval: p = (word + 0.5) / 2^32, never 0 or 1.
  const q = (word + 0.5) / 4294967296 - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q * (((5.910937472e1 * r + 1.5929113202e2) * r + 5.0434271938e1) * r + 3.3871327179)) /
      (((6.71875636e1 * r + 7.8757757664e1) * r + 1.7895169469e1) * r + 1)
    );
  }
  // The distance to the nearer end, exactly: an odd number of 2^-33 steps.
  const steps = q < 0 ? 2 * word + 1 : 2 * (4294967295 - word) + 1;
  const r = Math.sqrt(33 * ln2 - naturalLog(steps));
  // AS 241 has a third branch for r > 5: below 2^-33, where no word leads.
  const tail = nearTail(r - 1.6);
  return q < 0 ? -tail : tail;
}

function nearTail(r: number): number {
  return (
    (((1.7023821103e-1 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
    ((1.2021132975e-1 * r + 7.370016425e-1) * r + 1)
  );
}

const ln2 = Math.LN2;
/** 2^0 .. 2^33 by doubling, exact: the power operator need not be. */
const powersOfTwo = [1];
for (let power = 1; power <= 33; power++) powersOfTwo.push(powersOfTwo[power - 1]! * 2);

/** ln of a whole number from 1 to 2^33, to about 1e-13: the series of 2 artanh((m - 1) / (m + 1)). */
function naturalLog(value: number): number {
  const half = Math.floor(value / 2);
  // value is in [2^exponent, 2^(exponent + 1)).
  let exponent = half === 0 ? 0 : 32 - Math.clz32(half);
  let mantissa = value / powersOfTwo[exponent]!;
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  const t = (mantissa - 1) / (mantissa + 1);
  const u = t * t;
  const series =
    1 + u * (1 / 3 + u * (1 / 5 + u * (1 / 7 + u * (1 / 9 + u * (1 / 11 + u * (1 / 13 + u / 15))))));
  return exponent * ln2 + 2 * t * series;
}
