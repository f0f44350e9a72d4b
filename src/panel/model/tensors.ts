interface Tensor {
  words: string;
  /** Holds a value for each pair of query and key. */
  pairwise?: true;
  /** Looks like this tensor, and dotted: a gradient like what it is the gradient of. */
  like?: string;
}

/** Tensors in the order in which attention meets them; others follow in the order of the document. */
const known: Readonly<Record<string, Tensor>> = {
  q: { words: 'queries' },
  k: { words: 'keys' },
  v: { words: 'values' },
  bias: { words: 'bias', pairwise: true },
  s: { words: 'scores', pairwise: true },
  p: { words: 'probabilities', pairwise: true },
  m: { words: 'row maxima', like: 'lse' },
  l: { words: 'row sums', like: 'lse' },
  o: { words: 'output' },
  lse: { words: 'log-sum-exp' },
  dout: { words: 'gradient of o', like: 'o' },
  delta: { words: 'row dots', like: 'lse' },
  dp: { words: 'gradient of p', pairwise: true, like: 'p' },
  ds: { words: 'gradient of s', pairwise: true, like: 's' },
  dq: { words: 'gradient of q', like: 'q' },
  dk: { words: 'gradient of k', like: 'k' },
  dv: { words: 'gradient of v', like: 'v' },
};

export const tensorOrder: readonly string[] = Object.keys(known);

function find(name: string): Tensor | undefined {
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

/** `s scores`; names that are not a tensor of attention stand as they are. */
export function tensorLabel(name: string): string {
  const tensor = find(name);
  return tensor && tensor.words !== name ? `${name} ${tensor.words}` : name;
}

/** Whether a tensor holds a value for each pair of query and key (the N x N matrices S and P). */
export function isPairwise(name: string): boolean {
  return find(name)?.pairwise === true;
}

/**
 * What a tensor looks like in every chart: like which tensor it is coloured, and whether it is dotted. A
 * buffer of any other name looks like the tensor in its name (`o_partial`), or like one chosen by its letters.
 */
export function tensorLook(name: string): { like: string; dotted: boolean } {
  const tensor = find(name);
  if (tensor) return { like: tensor.like ?? name, dotted: tensor.like !== undefined };
  const part = name.split(/[^a-z]+/i).find((word) => find(word) && !find(word)!.like);
  if (part !== undefined) return { like: part, dotted: true };
  let hash = 0;
  for (let index = 0; index < name.length; index++) {
    hash = (Math.imul(hash, 31) + name.charCodeAt(index)) >>> 0;
  }
  const plain = tensorOrder.filter((candidate) => !known[candidate]!.like);
  return { like: plain[hash % plain.length]!, dotted: true };
}

export function sortTensors(names: Iterable<string>): string[] {
  const unique = [...new Set(names)];
  const rank = (name: string) => {
    const index = tensorOrder.indexOf(name);
    return index < 0 ? tensorOrder.length + unique.indexOf(name) : index;
  };
  return unique.sort((a, b) => rank(a) - rank(b));
}
