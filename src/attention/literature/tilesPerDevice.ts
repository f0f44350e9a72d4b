import type { Pass } from '../problem.ts';

/** Compute capabilities for which the packages ship tiles: A100, consumer Ampere, Ada, Hopper. */
export type CudaArchitecture = 'sm80' | 'sm86' | 'sm89' | 'sm90';

/** Rows and keys of a tile that a released kernel has. */
export interface DeviceTile {
  br: number;
  bc: number;
}

export interface TileQuery {
  /** 2: the `flash_attn` package. 3: its Hopper kernels, f16 and bf16, without dropout. */
  generation: 2 | 3;
  architecture: CudaArchitecture;
  headDim: number;
  causal: boolean;
  dropout: boolean;
  pass: Pass;
}

/** One row of the table: holds where everything that it names agrees. */
interface ShippedTile extends DeviceTile {
  generation: 2 | 3;
  pass: Pass;
  /** Head dimensions up to this one and above that of the row group before. */
  headDim: number;
  architectures: readonly CudaArchitecture[];
  causal?: boolean;
  dropout?: boolean;
}

const large = ['sm80', 'sm90'] as const;
const small = ['sm86', 'sm89'] as const;
const all = [...large, ...small] as const;

type Case = Omit<ShippedTile, 'generation' | 'pass' | 'headDim' | 'br' | 'bc'>;
const rows =
  (generation: 2 | 3, pass: Pass, headDim: number) =>
  (br: number, bc: number, which: Case): ShippedTile => ({ generation, pass, headDim, br, bc, ...which });

const forward = (headDim: number) => rows(2, 'forward', headDim);
const backward = (headDim: number) => rows(2, 'backward', headDim);
const hopper = (headDim: number) => rows(3, 'forward', headDim);
const hopperBackward = (headDim: number) => rows(3, 'backward', headDim);
const sm90 = ['sm90'] as const;

/**
 * Tiles as shipped, (br, bc), from Dao-AILab/flash-attention: generation 2 from
 * csrc/flash_attn/src/flash_fwd_launch_template.h and flash_bwd_launch_template.h, generation 3 from
 * hopper/tile_size.h (d = dv, no local window, no pages) and hopper/flash_bwd_launch_template.h (no softcap).
 * Where the code asks for shared memory per block, 163 KB is taken for sm80, 227 for sm90 and 99 for the others.
 * Smaller head dimensions come first, and the first row that holds is the one.
 */
export const shippedTiles: readonly ShippedTile[] = [
  forward(32)(128, 128, { architectures: all }),
  forward(64)(128, 128, { architectures: all, dropout: false }),
  forward(64)(128, 64, { architectures: all, dropout: true }),
  forward(96)(64, 64, { architectures: small, causal: true }),
  forward(96)(128, 64, { architectures: all }),
  forward(128)(128, 32, { architectures: all, dropout: true }),
  forward(128)(64, 64, { architectures: small, causal: true }),
  forward(128)(128, 32, { architectures: small }),
  forward(128)(128, 64, { architectures: large }),
  forward(192)(128, 64, { architectures: all, dropout: false }),
  forward(192)(64, 64, { architectures: all, dropout: true }),
  // Two workgroups of the smaller tile fit an H100's multiprocessor.
  forward(256)(128, 64, { architectures: ['sm80'] }),
  forward(256)(64, 64, { architectures: all }),

  backward(32)(128, 128, { architectures: all }),
  backward(64)(128, 128, { architectures: large }),
  backward(64)(64, 128, { architectures: small }),
  backward(96)(64, 128, { architectures: all }),
  backward(128)(64, 128, { architectures: large }),
  backward(128)(64, 64, { architectures: small }),
  backward(192)(64, 64, { architectures: all }),
  backward(256)(64, 64, { architectures: large }),
  backward(256)(64, 32, { architectures: small, dropout: false }),

  hopper(64)(192, 128, { architectures: sm90, causal: true }),
  hopper(64)(192, 192, { architectures: sm90 }),
  hopper(96)(192, 144, { architectures: sm90 }),
  hopper(128)(128, 128, { architectures: sm90, causal: true }),
  hopper(128)(128, 176, { architectures: sm90 }),
  hopper(192)(128, 112, { architectures: sm90 }),
  hopper(256)(128, 80, { architectures: sm90 }),

  hopperBackward(64)(128, 128, { architectures: sm90 }),
  hopperBackward(96)(64, 128, { architectures: sm90 }),
  hopperBackward(128)(64, 128, { architectures: sm90, causal: true }),
  hopperBackward(128)(80, 128, { architectures: sm90 }),
  hopperBackward(192)(64, 96, { architectures: sm90 }),
  hopperBackward(256)(64, 80, { architectures: sm90 }),
];

/** The tile that a released kernel has for a case; null where it has none (d over 256, dropout in generation 3). */
export function shippedTile(query: TileQuery): DeviceTile | null {
  const { generation, architecture, headDim, causal, dropout, pass } = query;
  if (generation === 3 && dropout) return null;
  const ofPass = shippedTiles.filter((row) => row.generation === generation && row.pass === pass);
  const padded = ofPass.find((row) => headDim <= row.headDim)?.headDim;
  const row = ofPass.find(
    (candidate) =>
      candidate.headDim === padded &&
      candidate.architectures.includes(architecture) &&
      (candidate.causal ?? causal) === causal &&
      (candidate.dropout ?? dropout) === dropout,
  );
  return row ? { br: row.br, bc: row.bc } : null;
}

/** The tile of generation 2 where keys are split among workgroups (Flash-Decoding), on every architecture. */
export function shippedSplitTile(headDim: number): DeviceTile | null {
  if (headDim > 256) return null;
  return { br: 64, bc: headDim <= 64 ? 256 : headDim <= 128 ? 128 : 64 };
}
