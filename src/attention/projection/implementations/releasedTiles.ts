import { type GpuModel, kibibyte } from '../../devices/device.ts';
import { type CudaArchitecture, shippedTile } from '../../literature/tilesPerDevice.ts';
import { band } from '../../mask.ts';
import type { Pass, Problem } from '../../problem.ts';
import type { KernelTile } from './tiles.ts';

/**
 * The compute capability whose tiles a GPU takes. GPUs for which the package ships none get those of the class
 * that has their shared memory: from 144 KiB per workgroup A100's, else those of the cards.
 */
function architectureOf({ computeCapability, sharedMemoryPerWorkgroupBytes }: GpuModel): CudaArchitecture {
  if (computeCapability === 9) return 'sm90';
  if (computeCapability === 8) return 'sm80';
  if (computeCapability !== null && computeCapability > 8 && computeCapability < 9) {
    return computeCapability === 8.9 ? 'sm89' : 'sm86';
  }
  return (sharedMemoryPerWorkgroupBytes ?? 0) >= 144 * kibibyte ? 'sm80' : 'sm86';
}

/** The released kernels share a tile among four warps, and one of 128 rows beyond head dimension 128 among eight. */
const warpsOf = (headDim: number, br: number) => (headDim > 128 && br === 128 ? 8 : 4);

/** Tile of a released kernel of FlashAttention-2 or -3 for a problem on a GPU; null where there is none. */
export function releasedTile(
  generation: 2 | 3,
  problem: Problem,
  pass: Pass,
  gpu: GpuModel,
): KernelTile | null {
  const { dropout } = problem;
  const headDim = Math.max(problem.headDim, problem.headDimV);
  const tile = shippedTile({
    generation,
    architecture: generation === 3 ? 'sm90' : architectureOf(gpu),
    headDim,
    causal: band(problem).right === 0,
    dropout: dropout !== null && dropout > 0,
    pass,
  });
  return tile && { ...tile, warps: warpsOf(headDim, tile.br) };
}

/** The same where `unsupported` has seen that there is one. */
export function existingTile(...query: Parameters<typeof releasedTile>): KernelTile {
  const tile = releasedTile(...query);
  if (tile === null) throw new Error('no released kernel has a tile for this problem');
  return tile;
}
