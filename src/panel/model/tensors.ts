/** Tensors in the order in which attention meets them; others follow in the order of the document. */
const known = {
  q: 'queries',
  k: 'keys',
  v: 'values',
  s: 'scores',
  p: 'probabilities',
  o: 'output',
  lse: 'log-sum-exp',
} as const;

export const tensorOrder: readonly string[] = Object.keys(known);

/** `s scores`; names that are not a tensor of attention stand as they are. */
export function tensorLabel(name: string): string {
  return Object.hasOwn(known, name) ? `${name} ${known[name as keyof typeof known]}` : name;
}

/** Whether a tensor holds a value for each pair of query and key (the N x N matrices S and P). */
export function isPairwise(name: string): boolean {
  return name === 's' || name === 'p';
}

export function sortTensors(names: Iterable<string>): string[] {
  const unique = [...new Set(names)];
  const rank = (name: string) => {
    const index = tensorOrder.indexOf(name);
    return index < 0 ? tensorOrder.length + unique.indexOf(name) : index;
  };
  return unique.sort((a, b) => rank(a) - rank(b));
}
