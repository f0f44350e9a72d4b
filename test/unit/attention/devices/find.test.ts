import { describe, expect, it } from 'vitest';
import { findGpu } from '../../../../src/attention/devices/find.ts';
import { deviceLimitsOf } from '../../../../src/attention/devices/limits.ts';
import { residentWorkgroups } from '../../../../src/attention/devices/residency.ts';
import { gpuTable } from '../../../../src/attention/devices/table.ts';
import { guaranteedLimits } from '../../../../src/attention/limits.ts';

const found = (text: string) => {
  const result = findGpu(text);
  return result.ok ? result.value.id : result.error;
};

describe('a device by its name', () => {
  it.each([
    ['A100 80GB', 'a100-80gb-sxm'],
    ['a100-80gb-pcie', 'a100-80gb-pcie'],
    ['A100 PCIe', 'a100-80gb-pcie'],
    ['H100', 'h100-sxm'],
    ['NVIDIA H200', 'h200-sxm'],
    ['B200', 'b200'],
    ['gb200', 'gb200'],
    ['L4', 'l4'],
    ['4090', 'rtx-4090'],
    ['rtx 5090', 'rtx-5090'],
    ['mi300', 'mi300x'],
    ['M2', 'apple-m2'],
    ['Apple M2 Pro', 'apple-m2-pro'],
    ['7900', 'rx-7900-xtx'],
    ['DGX Spark', 'gb10'],
  ])('%s is %s', (text, id) => expect(found(text)).toBe(id));

  it('every id and every name finds its row', () => {
    for (const { id, name } of gpuTable) {
      expect(found(id)).toBe(id);
      expect(found(name)).toBe(id);
    }
  });

  it('is refused in one line that names those it could be, or the nearest', () => {
    expect(found('a100')).toBe(
      '"a100" could be a100-40gb-sxm, a100-80gb-sxm, a100-80gb-pcie: give one of these',
    );
    expect(found('rtx 4080')).toMatch(/^no device is called "rtx 4080": the nearest are rtx-4090, rtx-/);
    expect(found('rtx')).toContain('rtx-3090, rtx-4090, rtx-5090');
    expect(found('  ')).toMatch(/^no device is named: give one of /);
    expect(found(`x${'y'.repeat(500)}\n`).length).toBeLessThan(200);
    expect(found('a\nb')).not.toContain('\n');
  });
});

describe('limits of a device that is not here', () => {
  it('are those of its interface, never below what WebGPU guarantees', () => {
    for (const gpu of gpuTable) {
      const limits = deviceLimitsOf(gpu);
      for (const name of Object.keys(guaranteedLimits) as (keyof typeof guaranteedLimits)[]) {
        expect(limits[name], `${gpu.id} ${name}`).toBeGreaterThanOrEqual(guaranteedLimits[name]);
      }
      expect(limits.maxComputeWorkgroupStorageSize % 1024).toBe(0);
    }
    const memoryOf = (id: string) =>
      deviceLimitsOf(gpuTable.find((gpu) => gpu.id === id)!).maxComputeWorkgroupStorageSize;
    expect(memoryOf('h100-sxm')).toBe(48 * 1024);
    expect(memoryOf('apple-m1')).toBe(32 * 1024);
    expect(memoryOf('mi300x')).toBe(64 * 1024);
  });

  it('are the guaranteed ones where the table knows nothing', () => {
    const unknown = { ...gpuTable[0]!, sharedMemoryPerWorkgroupBytes: null, memoryBytes: null };
    expect(deviceLimitsOf(unknown).maxComputeWorkgroupStorageSize).toBe(16_384);
  });
});

describe('workgroups of one multiprocessor', () => {
  const a100 = gpuTable.find(({ id }) => id === 'a100-80gb-sxm')!;

  it('are as many as memory and invocations allow', () => {
    expect(residentWorkgroups(a100, 80 * 1024, 128)).toBe(2);
    expect(residentWorkgroups(a100, 16 * 1024, 1024)).toBe(2);
    expect(residentWorkgroups(a100, 0, 256)).toBe(8);
    expect(residentWorkgroups(a100, 200 * 1024, 64)).toBe(0);
  });

  it('are not known where the table does not say', () => {
    const unknown = { sharedMemoryPerMultiprocessorBytes: null, maxThreadsPerMultiprocessor: null };
    expect(residentWorkgroups(unknown, 1024, 64)).toBeNull();
    expect(residentWorkgroups({ ...unknown, maxThreadsPerMultiprocessor: 1024 }, 1024, 64)).toBe(16);
  });
});
