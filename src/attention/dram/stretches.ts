/**
 * Bytes of a region, as stretches that lie apart: from, to, from, to .. rising. Nearly always there is one, or
 * none.
 */
export type Stretches = number[];

/** Adds bytes `from` .. `to` - 1 in place; how many of them were not there yet. */
export function addStretch(stretches: Stretches, from: number, to: number): number {
  if (from >= to) return 0;
  const count = stretches.length;
  if (count === 0) {
    stretches.push(from, to);
    return to - from;
  }
  if (count === 2 && from >= stretches[0]! && to <= stretches[1]!) return 0;
  // Stretches before `first` end before this one begins; those from `end` on begin after it ends.
  let first = 0;
  while (first < count && stretches[first + 1]! < from) first += 2;
  let end = first;
  let known = 0;
  let [start, stop] = [from, to];
  for (; end < count && stretches[end]! <= to; end += 2) {
    known += Math.max(0, Math.min(to, stretches[end + 1]!) - Math.max(from, stretches[end]!));
    start = Math.min(start, stretches[end]!);
    stop = Math.max(stop, stretches[end + 1]!);
  }
  stretches.splice(first, end - first, start, stop);
  return to - from - known;
}

export function stretchBytes(stretches: Stretches): number {
  let bytes = 0;
  for (let index = 0; index < stretches.length; index += 2)
    bytes += stretches[index + 1]! - stretches[index]!;
  return bytes;
}
