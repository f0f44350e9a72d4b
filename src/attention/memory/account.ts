/** One allocation, or one kind of it. */
export interface MemoryPart {
  part: string;
  bytes: number;
}

/**
 * Device memory as a framework's allocator sees it, bytes, by part and in total. Not our own plans' memory (that is
 * `Cost.memory`, exact): what a rule says of the problem, so `modelled`. Exact below 2^53.
 */
export interface MemoryAccount {
  provenance: 'modelled';
  bytes: number;
  parts: MemoryPart[];
}

export function memoryAccount(parts: readonly (readonly [part: string, bytes: bigint])[]): MemoryAccount {
  const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0n);
  return {
    provenance: 'modelled',
    bytes: Number(total),
    parts: parts.map(([part, bytes]) => ({ part, bytes: Number(bytes) })),
  };
}
