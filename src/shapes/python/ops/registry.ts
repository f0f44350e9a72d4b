import { creation } from './creation.ts';
import { elementwise } from './elementwise.ts';
import type { Operation } from './operation.ts';
import { pieces } from './pieces.ts';
import { views } from './views.ts';

/** Tensor functions and methods by name; those that see attention (matmul, einsum) are added by the interpreter. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({ ...creation, ...views, ...pieces, ...elementwise }),
);

/** Functions of these that make a tensor from sizes are not methods of one. */
export const makers: ReadonlySet<string> = new Set(
  Object.keys(creation).filter((name) => !/^new_|^tri|_like$/.test(name)),
);

/** First parts of the paths whose functions these are. */
export const libraries = new Set([
  'torch',
  'jax',
  'numpy',
  'tensorflow',
  'keras',
  'mlx',
  'einops',
  'flax',
  'equinox',
  'haiku',
  'paddle',
  'mindspore',
  'torch_npu',
  'xformers',
]);
