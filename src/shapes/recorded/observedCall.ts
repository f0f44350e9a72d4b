/** What is known of a tensor of a program that runs: never its values. */
export interface TensorFacts {
  /** Sizes in the order in which the framework shows them. */
  shape: readonly number[];
  /** As the framework calls it, without its name: `float32`, `bfloat16`. */
  dtype: string;
  /** `cuda:0`, `cpu`; null where it cannot be told, as inside a tracer. */
  device: string | null;
}

/** An argument that is no tensor; of what is neither number, text nor list only the name of its type is known. */
export type Flag = null | boolean | number | string | TensorFacts | { type: string } | readonly Flag[];

/** One attention call as it ran, in the words of its function. */
export interface ObservedCall {
  /** A row of `observedApis`. */
  api: string;
  /** By parameter, as `query` or `k_cache`. */
  tensors: Readonly<Record<string, TensorFacts>>;
  /** By parameter; what was left to its default is absent. */
  flags: Readonly<Record<string, Flag>>;
}

export function isTensor(flag: Flag | undefined): flag is TensorFacts {
  return typeof flag === 'object' && flag !== null && 'shape' in flag;
}

/** The name of the type of an argument that is neither plain nor a tensor, else null. */
export function typeOf(flag: Flag | undefined): string | null {
  return typeof flag === 'object' && flag !== null && 'type' in flag ? flag.type : null;
}

/** `(2, 8, 128, 64) float16 cuda:0` */
export function formatTensor({ shape, dtype, device }: TensorFacts): string {
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  return [sizes, dtype, device].filter((word) => word !== null && word !== '').join(' ');
}
