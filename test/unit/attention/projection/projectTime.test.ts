import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gpuTable } from '../../../../src/attention/devices/table.ts';
import { type Machine, machineOfGpu, machineOfPeaks } from '../../../../src/attention/projection/machine.ts';
import type { ProjectedStage } from '../../../../src/attention/projection/projection.ts';
import { projectTime } from '../../../../src/attention/projection/projectTime.ts';
import { roofline } from '../../../../src/attention/projection/roofline.ts';
import { type KernelTraits, wgslTraits } from '../../../../src/attention/projection/traits.ts';
import { drawnBandwidth, waveEfficiency } from '../../../../src/attention/projection/waves.ts';

const machine: Machine = {
  ...{ name: 'test', basis: 'table', bandwidthGBs: 1000, f32Tflops: 10, matmulTflops: 100 },
  ...{ matmulDerating: 0.5, multiprocessors: 10, clockGHz: 1, exponentialsPerClock: 16 },
  ...{ sharedMemoryBytesPerClock: 128, unverified: [] },
};

const one = (value: number) => ({ least: value, typical: value, most: value, basis: 'test' });
const traits: KernelTraits = {
  ...{ name: 'test', products: 'matrix' },
  ...{ bandwidthEfficiency: one(0.5), matmulEfficiency: one(0.8), exponentialOverlap: one(0.25) },
  ...{ memoryOverlap: one(1), launchMicroseconds: one(5) },
};

const nothing: ProjectedStage = {
  ...{ stage: 'attention', bytes: 0n, matmulFlops: 0n, exponentials: 0n, dispatches: 1, workgroups: 1000 },
};

function ms(stage: Partial<ProjectedStage>, change: Partial<KernelTraits> = {}, on: Partial<Machine> = {}) {
  const result = projectTime([{ ...nothing, ...stage }], { ...machine, ...on }, { ...traits, ...change });
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe('projected time', () => {
  it('is what each limit takes alone, worked out by hand', () => {
    // 500 GB/s; 40 TFLOP/s; 160e9 exponentials/s of which a quarter is hidden; 640 GB/s of shared memory.
    const quiet = { launchMicroseconds: one(0) };
    expect(ms({ bytes: 500_000_000n }, quiet).ms).toBeCloseTo(1, 9);
    expect(ms({ matmulFlops: 40_000_000_000n }, quiet).ms).toBeCloseTo(1, 9);
    expect(ms({ exponentials: 160_000_000n }, quiet).ms).toBeCloseTo(0.75, 9);
    expect(ms({ sharedMemoryBytes: 640_000_000n }, quiet).ms).toBeCloseTo(1, 9);
    expect(ms({ dispatches: 3, workgroups: 3000 }).ms).toBeCloseTo(0.015, 9);
  });

  it('adds what is not hidden: products to exponentials, and a share of memory', () => {
    const stage = { bytes: 500_000_000n, matmulFlops: 40_000_000_000n, exponentials: 160_000_000n };
    expect(ms(stage, { launchMicroseconds: one(0) }).ms).toBeCloseTo(1.75, 9);
    expect(ms(stage, { launchMicroseconds: one(0), memoryOverlap: one(0.5) }).ms).toBeCloseTo(2.25, 9);
  });

  it('says what limits a stage', () => {
    expect(ms({ bytes: 500_000_000n }).stages[0]!.limitedBy).toBe('bandwidth');
    expect(ms({ matmulFlops: 40_000_000_000n }).stages[0]!.limitedBy).toBe('matmul');
    expect(ms({ exponentials: 160_000_000n }).stages[0]!.limitedBy).toBe('exponentials');
    expect(ms({ dispatches: 3 }).stages[0]!.limitedBy).toBe('launch');
  });

  it('is divided by the efficiency of waves: 128 workgroups on 108 multiprocessors fill 59%', () => {
    expect(waveEfficiency(128, 108)).toBeCloseTo(128 / 216, 12);
    expect(waveEfficiency(108, 108)).toBe(1);
    expect(waveEfficiency(16, 108)).toBeCloseTo(16 / 108, 12);
    expect(waveEfficiency(128, 108, 2)).toBe(1);
    expect(drawnBandwidth(27, 108)).toBe(0.5);
    const stage = { matmulFlops: 40_000_000_000n, workgroups: 15 };
    expect(ms(stage, { launchMicroseconds: one(0) }).ms).toBeCloseTo(1 / 0.75, 9);
  });

  it('takes no less for more bytes, FLOPs, exponentials or dispatches, and lies in its range', () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 15n });
    const stages = fc.record({
      stage: fc.constant('s'),
      bytes: amount,
      matmulFlops: amount,
      exponentials: amount,
      sharedMemoryBytes: amount,
      dispatches: fc.integer({ min: 1, max: 1000 }),
      workgroups: fc.integer({ min: 1, max: 1_000_000 }),
    });
    const more = fc.constantFrom('bytes', 'matmulFlops', 'exponentials', 'sharedMemoryBytes');
    const gpus = fc.constantFrom(...gpuTable.filter(({ f32Tflops }) => f32Tflops !== null)).map(machineOfGpu);
    fc.assert(
      fc.property(stages, more, amount, gpus, (stage, name, extra, gpu) => {
        const of = (changed: ProjectedStage) => {
          const result = projectTime([changed], gpu, wgslTraits('table'));
          if (!result.ok) throw new Error(result.error);
          return result.value;
        };
        const before = of(stage);
        const after = of({ ...stage, [name]: stage[name as 'bytes'] + extra });
        expect(before.lowMs).toBeLessThanOrEqual(before.ms);
        expect(before.ms).toBeLessThanOrEqual(before.highMs);
        for (const value of ['ms', 'lowMs', 'highMs'] as const) {
          expect(after[value]).toBeGreaterThanOrEqual(before[value]);
        }
        expect(Number.isFinite(before.highMs)).toBe(true);
      }),
    );
  });

  it('falls with workgroups that fill the device better, for the same work', () => {
    const stage = { matmulFlops: 40_000_000_000n, bytes: 1_000_000n };
    expect(ms({ ...stage, workgroups: 20 }).ms).toBeLessThan(ms({ ...stage, workgroups: 11 }).ms);
  });

  it('leaves out what is not known, and says so', () => {
    const stage = { bytes: 1000n, exponentials: 10n ** 12n, sharedMemoryBytes: 10n ** 12n };
    const { ms: time, assumptions } = ms(stage, {}, { multiprocessors: null });
    expect(time).toBeLessThan(0.01);
    expect(assumptions).toContain('waves are left out: the number of multiprocessors is not known');
    expect(assumptions.some((line) => line.startsWith('exponentials are left out'))).toBe(true);
    expect(assumptions.some((line) => line.startsWith('the bound of shared memory is left out'))).toBe(true);
    const onF32 = ms({ matmulFlops: 10n ** 12n }, {}, { matmulTflops: null });
    expect(onF32.ms).toBeGreaterThan(ms({ matmulFlops: 10n ** 12n }).ms);
    expect(onF32.assumptions).toContain('matmulTflops is not known: products run at the f32 rate');
  });

  it('names the value without which there is none', () => {
    const project = (on: Partial<Machine>, change: Partial<KernelTraits> = {}) =>
      projectTime(
        [{ ...nothing, bytes: 1n, matmulFlops: 1n }],
        { ...machine, ...on },
        { ...traits, ...change },
      );
    expect(project({ bandwidthGBs: null })).toEqual({
      ok: false,
      error: 'no time for test: bandwidthGBs is not known; add it in a device table of your own',
    });
    expect(project({ f32Tflops: null }, { products: 'f32' })).toMatchObject({
      error: expect.stringContaining('f32Tflops is not known'),
    });
    expect(project({ f32Tflops: null, matmulTflops: null })).toMatchObject({ ok: false });
    expect(project({ f32Tflops: null })).toMatchObject({ ok: true });
  });

  it('every row of the table gives one or says which value is missing', () => {
    const work = { ...nothing, bytes: 10n ** 9n, matmulFlops: 10n ** 12n, exponentials: 10n ** 9n };
    for (const gpu of gpuTable) {
      for (const kernel of [wgslTraits('table'), traits]) {
        const result = projectTime([work], machineOfGpu(gpu), kernel);
        if (result.ok) {
          expect(result.value.ms).toBeGreaterThan(0);
          if (gpu.unverified.includes('bandwidthGBs')) {
            expect(result.value.assumptions.join()).toMatch(
              /unconfirmed in the device table: .*bandwidthGBs/,
            );
          }
        } else expect(result.error).toMatch(/Tflops is not known|bandwidthGBs is not known/);
      }
    }
    const thor = gpuTable.find(({ id }) => id === 'jetson-agx-thor')!;
    expect(projectTime([work], machineOfGpu(thor), wgslTraits('table'))).toMatchObject({ ok: false });
  });

  it('is projected on the device that is here by what was measured on it', () => {
    const peaks = { provenance: 'measured', bandwidthGBs: 400, f32Gflops: 2000, f16Gflops: null } as const;
    const here = machineOfPeaks('here', peaks);
    const result = projectTime([{ ...nothing, bytes: 320_000_000n }], here, wgslTraits('measured'));
    expect(result).toMatchObject({ ok: true, value: { provenance: 'modelled' } });
    if (result.ok) {
      expect(result.value.ms).toBeCloseTo(1.004, 6);
      expect(result.value.assumptions).toContain('rates of here were measured on it');
    }
    const known = machineOfPeaks('here', peaks, gpuTable.find(({ id }) => id === 'gb10')!);
    expect(known).toMatchObject({ bandwidthGBs: 400, f32Tflops: 2, matmulTflops: null, multiprocessors: 48 });
    expect(known.unverified).not.toContain('bandwidthGBs');
    expect(known.unverified).toContain('multiprocessors');
    const none = machineOfPeaks('here', { ...peaks, bandwidthGBs: null });
    expect(projectTime([{ ...nothing, bytes: 1n }], none, wgslTraits('measured')).ok).toBe(false);
  });
});

describe('the roofline', () => {
  it('is the slope of the bandwidth up to the ridge, and the peak beyond', () => {
    const result = roofline(machine, 'matrix', 10n ** 9n, [
      { bytesOf: 'bound', bytes: 10n ** 7n },
      { bytesOf: 'exact', bytes: 10n ** 8n },
      { bytesOf: 'none', bytes: 0n },
    ]);
    expect(result).toMatchObject({
      ok: true,
      value: {
        ...{ provenance: 'modelled', peakGflops: 50_000, bandwidthGBs: 1000, ridge: 50 },
        points: [
          { intensity: 100, attainableGflops: 50_000, limitedBy: 'matmul' },
          { intensity: 10, attainableGflops: 10_000, limitedBy: 'bandwidth' },
          { intensity: null, attainableGflops: 50_000, limitedBy: 'matmul' },
        ],
      },
    });
  });

  it('needs both rates', () => {
    expect(roofline({ ...machine, bandwidthGBs: null }, 'matrix', 1n, []).ok).toBe(false);
    expect(roofline({ ...machine, f32Tflops: null }, 'f32', 1n, []).ok).toBe(false);
  });
});
