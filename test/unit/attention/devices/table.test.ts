import { describe, expect, it } from 'vitest';
import type { GpuModel } from '../../../../src/attention/devices/device.ts';
import { matchAdapter } from '../../../../src/attention/devices/match.ts';
import { modelWords } from '../../../../src/attention/devices/names.ts';
import { gpuTable } from '../../../../src/attention/devices/table.ts';

const numbers = (gpu: GpuModel) =>
  Object.entries(gpu).filter((entry): entry is [string, number] => typeof entry[1] === 'number');

describe('the table of GPUs', () => {
  it('has an id, a name and a source for every row, no id twice, no adapter name twice', () => {
    const ids = gpuTable.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const adapters = gpuTable.flatMap(({ adapterNames }) => adapterNames.map(modelWords));
    expect(new Set(adapters).size).toBe(adapters.length);
    for (const { id, name, source } of gpuTable) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(name.trim() !== '' && source.trim() !== '').toBe(true);
    }
  });

  it('covers the vendors and generations that it is for', () => {
    const ids = gpuTable.map(({ id }) => id);
    expect(ids).toEqual(
      expect.arrayContaining([
        ...['a100-40gb-sxm', 'a100-80gb-sxm', 'h100-sxm', 'h200-sxm', 'b200', 'gb200', 'l4', 'l40s', 't4'],
        ...['rtx-3090', 'rtx-4090', 'rtx-5090', 'mi250x-gcd', 'mi300x', 'mi325x', 'mi355x', 'rx-7900-xtx'],
        ...['apple-m1', 'apple-m2-pro', 'apple-m3-max', 'apple-m4-max', 'apple-m5', 'arc-a770', 'arc-b580'],
        ...['jetson-agx-orin-64gb', 'gb10'],
      ]),
    );
  });

  it('holds positive numbers, and names as unverified only what it states', () => {
    for (const gpu of gpuTable) {
      for (const [, value] of numbers(gpu)) expect(value).toBeGreaterThan(0);
      for (const field of gpu.unverified) expect(gpu[field], `${gpu.id} ${field}`).not.toBeNull();
      const { fraction } = gpu.matmulDerating ?? { fraction: 1 };
      expect(fraction > 0 && fraction <= 1).toBe(true);
    }
  });

  it('agrees with itself: f32 rate is 256 FLOP per clock and multiprocessor on server NVIDIA since Hopper, 128 before', () => {
    const perClock = (id: string) => {
      const { f32Tflops, multiprocessors, clockGHz } = gpuTable.find((gpu) => gpu.id === id)!;
      return (f32Tflops! * 1e3) / (multiprocessors! * clockGHz!);
    };
    expect(perClock('a100-80gb-sxm') / 128).toBeCloseTo(1, 1);
    expect(perClock('rtx-4090') / 256).toBeCloseTo(1, 1);
    expect(perClock('rtx-3090') / 256).toBeCloseTo(1, 1);
    expect(perClock('mi300x') / 256).toBeCloseTo(1, 1);
    expect(perClock('apple-m2-max') / 256).toBeCloseTo(1, 1);
  });

  it('finds each of its own adapter names', () => {
    for (const gpu of gpuTable) {
      for (const name of gpu.adapterNames) expect(matchAdapter(name, gpu.vendor, '')?.id).toBe(gpu.id);
    }
  });
});

describe('a running adapter', () => {
  const cases: readonly [name: string, vendor: string, architecture: string, id: string | null][] = [
    ['NVIDIA H200', 'nvidia', 'hopper', 'h200-sxm'],
    ['NVIDIA H100 80GB HBM3', 'nvidia', '', 'h100-sxm'],
    ['NVIDIA H100 PCIe', 'nvidia', '', 'h100-pcie'],
    ['NVIDIA A100-SXM4-80GB', 'nvidia', 'ampere', 'a100-80gb-sxm'],
    ['NVIDIA A100-SXM4-40GB', 'nvidia', 'ampere', 'a100-40gb-sxm'],
    ['NVIDIA A100-PCIE-40GB', 'nvidia', 'ampere', null],
    ['NVIDIA GeForce RTX 4090', 'nvidia', 'lovelace', 'rtx-4090'],
    ['NVIDIA GeForce RTX 4090 Laptop GPU', 'nvidia', 'lovelace', null],
    ['NVIDIA GeForce RTX 4090 D', 'nvidia', 'lovelace', null],
    ['NVIDIA GeForce RTX 3090 Ti', 'nvidia', 'ampere', null],
    ['NVIDIA L4', 'nvidia', '', 'l4'],
    ['NVIDIA L40', 'nvidia', '', null],
    ['Tesla T4', 'nvidia', 'turing', 't4'],
    ['Apple M2 Pro', 'apple', 'metal-3', 'apple-m2-pro'],
    ['Apple M1', 'apple', '', 'apple-m1'],
    ['Apple M3 Max', 'apple', '', null],
    ['AMD Radeon RX 7900 XTX (RADV NAVI31)', 'amd', 'rdna-3', 'rx-7900-xtx'],
    ['AMD Radeon RX 7900 XT (RADV NAVI31)', 'amd', 'rdna-3', null],
    ['AMD Instinct MI300X', 'amd', 'cdna-3', 'mi300x'],
    ['Intel(R) Arc(TM) A770 Graphics (DG2)', 'intel', 'xe-hpg', 'arc-a770'],
    ['Intel(R) UHD Graphics 770', 'intel', 'gen-12', null],
    ['SwiftShader Device (Subzero)', 'google', 'swiftshader', null],
    ['llvmpipe (LLVM 15.0.6, 256 bits)', 'mesa', '', null],
    ['Microsoft Basic Render Driver', 'microsoft', '', null],
    ['NVIDIA H200', 'amd', '', null],
    ['NVIDIA H200', '', 'swiftshader', null],
    ['', 'nvidia', 'ampere', null],
    ['NVIDIA', 'nvidia', 'ampere', null],
  ];

  it.each(cases)('%s (%s %s) is %s', (name, vendor, architecture, id) => {
    expect(matchAdapter(name, vendor, architecture)?.id ?? null).toBe(id);
  });

  it('is none where two rows of a user table have its name', () => {
    const twice = gpuTable.filter(({ id }) => id === 'l4').flatMap((gpu) => [gpu, { ...gpu, id: 'other' }]);
    expect(matchAdapter('NVIDIA L4', 'nvidia', '', twice)).toBeNull();
  });
});
