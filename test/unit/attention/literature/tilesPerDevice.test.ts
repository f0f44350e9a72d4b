import { describe, expect, it } from 'vitest';
import {
  type CudaArchitecture,
  shippedSplitTile,
  shippedTile,
  shippedTiles,
} from '../../../../src/attention/literature/tilesPerDevice.ts';

const tile = (
  architecture: CudaArchitecture,
  headDim: number,
  options: { generation?: 2 | 3; causal?: boolean; dropout?: boolean; pass?: 'forward' | 'backward' } = {},
) => {
  const found = shippedTile({
    ...{ generation: 2, causal: false, dropout: false, pass: 'forward' },
    ...options,
    architecture,
    headDim,
  });
  return found && `${found.br}x${found.bc}`;
};

describe('tiles of the released kernels', () => {
  it('of FlashAttention-2 depend on the architecture, dropout and the causal mask', () => {
    expect(tile('sm80', 64)).toBe('128x128');
    expect(tile('sm80', 64, { dropout: true })).toBe('128x64');
    expect(tile('sm80', 128)).toBe('128x64');
    expect(tile('sm80', 128, { dropout: true })).toBe('128x32');
    expect(tile('sm89', 128)).toBe('128x32');
    expect(tile('sm89', 128, { causal: true })).toBe('64x64');
    expect(tile('sm89', 128, { causal: true, dropout: true })).toBe('128x32');
    expect(tile('sm86', 96, { causal: true, dropout: true })).toBe('64x64');
    expect(tile('sm80', 256)).toBe('128x64');
    expect(tile('sm90', 256)).toBe('64x64');
    expect(tile('sm80', 128, { pass: 'backward' })).toBe('64x128');
    expect(tile('sm86', 128, { pass: 'backward' })).toBe('64x64');
    expect(tile('sm86', 256, { pass: 'backward' })).toBe('64x32');
    expect(tile('sm86', 256, { pass: 'backward', dropout: true })).toBeNull();
  });

  it('of FlashAttention-3 are for Hopper alone, without dropout', () => {
    expect(tile('sm90', 64, { generation: 3 })).toBe('192x192');
    expect(tile('sm90', 64, { generation: 3, causal: true })).toBe('192x128');
    expect(tile('sm90', 128, { generation: 3 })).toBe('128x176');
    expect(tile('sm90', 128, { generation: 3, causal: true })).toBe('128x128');
    expect(tile('sm90', 256, { generation: 3 })).toBe('128x80');
    expect(tile('sm90', 128, { generation: 3, dropout: true })).toBeNull();
    expect(tile('sm80', 128, { generation: 3 })).toBeNull();
  });

  it('serve head dimensions in between by the next larger kernel, and none beyond 256', () => {
    expect(tile('sm80', 65)).toBe(tile('sm80', 96));
    expect(tile('sm80', 160)).toBe(tile('sm80', 192));
    expect(tile('sm80', 257)).toBeNull();
    expect(shippedSplitTile(64)).toEqual({ br: 64, bc: 256 });
    expect(shippedSplitTile(80)).toEqual({ br: 64, bc: 128 });
    expect(shippedSplitTile(256)).toEqual({ br: 64, bc: 64 });
    expect(shippedSplitTile(512)).toBeNull();
  });

  it('answer every case of the packages but dropout backward at 256 on small chips', () => {
    const without: string[] = [];
    for (const architecture of ['sm80', 'sm86', 'sm89', 'sm90'] as const) {
      for (let headDim = 1; headDim <= 256; headDim++) {
        for (const pass of ['forward', 'backward'] as const) {
          for (const causal of [false, true]) {
            for (const dropout of [false, true]) {
              if (tile(architecture, headDim, { pass, causal, dropout }) === null)
                without.push(`${architecture} ${pass} ${dropout} ${headDim > 192}`);
            }
          }
        }
      }
    }
    expect([...new Set(without)]).toEqual(['sm86 backward true true', 'sm89 backward true true']);
  });

  it('have no row that another hides', () => {
    const used = new Set<unknown>();
    for (const row of shippedTiles) {
      for (const architecture of row.architectures) {
        for (const causal of [false, true]) {
          for (const dropout of [false, true]) {
            const first = shippedTiles.find(
              (other) =>
                other.generation === row.generation &&
                other.pass === row.pass &&
                other.headDim === row.headDim &&
                other.architectures.includes(architecture) &&
                (other.causal ?? causal) === causal &&
                (other.dropout ?? dropout) === dropout,
            );
            used.add(first);
          }
        }
      }
    }
    expect(shippedTiles.filter((row) => !used.has(row))).toEqual([]);
  });
});
