/**
 * The sum of floor((slope i + start) / divisor) over i = 0 .. count - 1, slope and start at least 0: Euclid's
 * algorithm on slope and divisor, O(log(slope + divisor)) steps (Graham, Knuth, Patashnik: Concrete
 * Mathematics, section 3.5). Exact while count x (slope count + start) stays below 2^53: every product in
 * between is no larger.
 */
export function floorSum(count: number, divisor: number, slope: number, start: number): number {
  let [n, m, a, b] = [count, divisor, slope, start];
  let sum = 0;
  for (;;) {
    sum += ((n * (n - 1)) / 2) * Math.floor(a / m) + n * Math.floor(b / m);
    a %= m;
    b %= m;
    // What is left lies under a line that rises to `top`: count its lattice points by columns, not rows.
    const top = a * n + b;
    if (top < m) return sum;
    n = Math.floor(top / m);
    b = top % m;
    [m, a] = [a, m];
  }
}
