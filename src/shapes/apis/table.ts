import { arrayApis } from './arrays.ts';
import { flashApis } from './flash.ts';
import { otherApis } from './others.ts';
import type { AttentionApi } from './row.ts';
import { torchApis } from './torch.ts';

/** Every attention function and layer that is known, the more special ones first. */
export const attentionApis: readonly AttentionApi[] = [
  ...torchApis,
  ...flashApis,
  ...arrayApis,
  ...otherApis,
];

const byPath: ReadonlyMap<string, AttentionApi> = new Map(
  attentionApis.flatMap((api) => api.paths.map((path) => [path, api] as const)),
);
const byName: ReadonlyMap<string, AttentionApi> = new Map(
  attentionApis.flatMap((api) => (api.names ?? []).map((name) => [name, api] as const)),
);

/**
 * The row that a dotted path means: the path itself, a path that re-exports it under `tf.` or a version, else its last
 * name where that is unmistakable.
 */
export function apiOfPath(path: string): AttentionApi | null {
  const plain = path.replace(/^\.+/, '');
  const exact = byPath.get(plain);
  if (exact) return exact;
  const last = plain.slice(plain.lastIndexOf('.') + 1);
  return byName.get(last) ?? null;
}

/** The row of an HF-style local name, `attention_interface`, which no import tells. */
export function apiOfName(name: string): AttentionApi | null {
  return byName.get(name) ?? null;
}

/** The row of the Triton tutorial's `attention(q, k, v, causal, sm_scale)`. */
export const tritonAttention = attentionApis.find(({ id }) => id === 'triton.attention')!;
