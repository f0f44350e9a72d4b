/** What a storage buffer holds before the kernel runs. */
export type ManifestInit =
  | { kind: 'zeros' }
  /** Standard normal numbers, f32 or f16. */
  | { kind: 'normal'; seed: number }
  /** Element i is start + i * step. */
  | { kind: 'sequence'; start: number; step: number }
  | { kind: 'value'; value: number }
  /** A .npy file in the manifest's folder or below, as many bytes as the buffer. */
  | { kind: 'file'; file: string };

/** A value as JSON: a number, a list for a vector, matrix or array, an object for a struct. */
export type ManifestValue =
  | number
  | boolean
  | readonly ManifestValue[]
  | { readonly [member: string]: ManifestValue };

export interface ManifestBinding {
  /** The variable's name and element type: only said to be checked. */
  name?: string;
  type?: string;
  /** Elements of an array of no fixed length. */
  length?: number;
  bytes?: number;
  init?: ManifestInit;
  /** Every element, in place of `init`. */
  values?: ManifestValue;
}

/** How a kernel is run: what its WGSL does not say. */
export interface KernelManifest {
  entryPoint?: string;
  /** By the variable's name, by its number in group 0, or by `group.number`. */
  bindings: Record<string, ManifestBinding>;
  /** Values of overrides, by name. */
  constants?: Record<string, number | boolean>;
  /** Workgroups in x, y and z. */
  dispatch: [number, number, number];
  /** Timed samples. */
  repeats?: number;
}
