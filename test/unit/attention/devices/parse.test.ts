import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findGpu } from '../../../../src/attention/devices/find.ts';
import { matchAdapter } from '../../../../src/attention/devices/match.ts';
import { parseGpuTable } from '../../../../src/attention/devices/parse.ts';
import { gpuTable } from '../../../../src/attention/devices/table.ts';

const errorOf = (json: unknown) => {
  const result = parseGpuTable(json);
  return result.ok ? null : result.error;
};

describe("a user's table of devices", () => {
  it('adds rows and changes those that are known, and leaves the others', () => {
    const result = parseGpuTable([
      { id: 'l4', bandwidthGBs: 310 },
      {
        id: 'lab-card',
        name: 'Lab Card 9000',
        bandwidthGBs: 1234,
        f32Tflops: 50,
        adapterNames: ['lab card 9000'],
      },
    ]);
    if (!result.ok) throw new Error(result.error);
    expect(result.value).toHaveLength(gpuTable.length + 1);
    const l4 = result.value.find(({ id }) => id === 'l4')!;
    expect(l4).toEqual({ ...gpuTable.find(({ id }) => id === 'l4')!, bandwidthGBs: 310 });
    expect(matchAdapter('Lab Card 9000', 'someone', '', result.value)?.bandwidthGBs).toBe(1234);
    expect(findGpu('lab', result.value)).toMatchObject({ ok: true, value: { matmulTflops: null } });
    expect(gpuTable.some(({ id }) => id === 'lab-card')).toBe(false);
  });

  it('is the known table where it is empty', () => {
    expect(parseGpuTable([])).toEqual({ ok: true, value: [...gpuTable] });
  });

  it('takes every known row as it is written out', () => {
    expect(parseGpuTable(JSON.parse(JSON.stringify(gpuTable)))).toEqual({ ok: true, value: [...gpuTable] });
  });

  it.each<[unknown, RegExp]>([
    [{}, /must be an array/],
    [null, /must be an array/],
    [[7], /row 1: must be an object/],
    [[{}], /row 1: id must be lower case/],
    [[{ id: 'A B' }], /row 1: id must be lower case/],
    [[{ id: 'a' }, { id: 'a' }], /row 2: id "a" is given twice/],
    [[{ id: 'a', bandwith: 7 }], /row 1 \(a\): there is no field "bandwith"; the fields are /],
    [[{ id: 'a', bandwidthGBs: '7' }], /bandwidthGBs must be a number above 0, or null for unknown, got "7"/],
    [[{ id: 'a', bandwidthGBs: -1 }], /bandwidthGBs must be a number above 0/],
    [[{ id: 'a', clockGHz: Number.NaN }], /clockGHz must be a number above 0/],
    [[{ id: 'a', multiprocessors: 1.5 }], /multiprocessors must be a whole number above 0/],
    [[{ id: 'a', vendor: 'acme' }], /vendor must be one of nvidia, amd, apple, intel, other, got "acme"/],
    [[{ id: 'a', adapterNames: 'b' }], /adapterNames must be an array of texts/],
    [[{ id: 'a', unverified: ['bandwith'] }], /unverified names "bandwith", which is no field/],
    [[{ id: 'a', matmulDerating: { fraction: 2, source: 'x' } }], /matmulDerating must be /],
    [[{ id: 'a', name: '' }], /name must be a text/],
    [JSON.parse('[{"id": "a", "__proto__": {"vendor": "amd"}}]'), /there is no field "__proto__"/],
  ])('names the first wrong field of %j', (json, message) => {
    expect(errorOf(json)).toMatch(message);
    expect(errorOf(json)).not.toContain('\n');
  });

  it('never throws, whatever it is given', () => {
    const row = fc.record(
      {
        id: fc.constantFrom('l4', 'x', 'y-1'),
        bandwidthGBs: fc.anything(),
        vendor: fc.anything(),
        note: fc.anything(),
      },
      { requiredKeys: ['id'] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.jsonValue(), fc.array(row)), (json) => {
        const result = parseGpuTable(json);
        if (!result.ok) expect(result.error).not.toMatch(/\n/);
        else
          for (const gpu of result.value)
            expect(gpu.bandwidthGBs === null || gpu.bandwidthGBs > 0).toBe(true);
      }),
    );
  });
});
