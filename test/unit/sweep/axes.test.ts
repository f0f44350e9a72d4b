import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axisNames, formatAxis, maxPoints, parseAxes, parseAxis } from '../../../src/profiler/sweep/axes.ts';

function values(text: string): number[] | string {
  const axis = parseAxis(text);
  return axis.ok ? axis.value.values : axis.error;
}

test.each<[string, number[]]>([
  ['seq=512..8192', [512, 1024, 2048, 4096, 8192]],
  ['seq=512..6000', [512, 1024, 2048, 4096]],
  ['seq=7..7', [7]],
  ['seq=512..2048:512', [512, 1024, 1536, 2048]],
  ['seq=512..2000:512', [512, 1024, 1536]],
  ['seq=512..8192*1.5', [512, 768, 1152, 1728, 2592, 3888, 5832]],
  ['seq=100..250x1.5', [100, 150, 225]],
  ['seq=512,1024,3000', [512, 1024, 3000]],
  ['seq=3000, 512,512', [512, 3000]],
  ['seq=1..4,64..192:64', [1, 2, 4, 64, 128, 192]],
  [' D = 64 .. 128 ', [64, 128]],
  ['b=1..3*1.01', [1, 2, 3]],
])('%s', (text, expected) => {
  expect(values(text)).toEqual(expected);
});

test.each<[string, RegExp]>([
  ['', /varies nothing known: the names are b, h, kv, seq, /],
  ['seq', /varies nothing known/],
  ['heads=4', /"heads=4" varies nothing known/],
  ['constructor=4', /varies nothing known/],
  ['seq=', /^seq: "" is not understood: give NAME=512\.\.8192/],
  ['seq=512..', /not understood/],
  ['seq=1,,2', /not understood/],
  ['seq=1.5', /not understood/],
  ['seq=-4', /not understood/],
  ['seq=0', /sizes are at least 1, not 0/],
  ['seq=0..4', /sizes are at least 1, not 0/],
  ['seq=8..4', /ends before it begins/],
  ['seq=1..9:0', /steps are at least 1/],
  ['seq=1..9*1', /a factor is at least 1\.01, not 1/],
  ['seq=1..9*0.5', /a factor is at least 1\.01/],
  ['seq=1..9*', /not understood/],
  ['seq=1..9999999999:1', /9999999999 values, at most 1000/],
  ['seq=1..600:1,1001..1600:1', /more than 1000 values/],
])('%s is refused', (text, right) => {
  expect(values(text)).toMatch(right);
});

test('steps and factors, held against what they mean', () => {
  const whole = fc.integer({ min: 1, max: 5000 });
  fc.assert(
    fc.property(whole, fc.nat(3000), fc.integer({ min: 3, max: 700 }), (first, more, step) => {
      const last = first + more;
      const between = Array.from({ length: more + 1 }, (_, index) => first + index);
      const stepped = between.filter((value) => (value - first) % step === 0);
      expect(values(`n=${first}..${last}:${step}`)).toEqual(
        stepped.length > maxPoints ? expect.any(String) : stepped,
      );
      const doubled = between.filter((value) => Number.isInteger(Math.log2(value / first)));
      expect(values(`n=${first}..${last}`)).toEqual(doubled);
    }),
  );
});

test('what is parsed is formatted and parsed again to the same', () => {
  const value = fc.integer({ min: 1, max: 2 ** 31 });
  fc.assert(
    fc.property(
      fc.constantFrom(...axisNames),
      fc.array(value, { minLength: 1, maxLength: 20 }),
      (name, list) => {
        const axis = parseAxis(`${name}=${list.join(',')}`);
        if (!axis.ok) throw new Error(axis.error);
        expect(axis.value).toEqual({ name, values: [...new Set(list)].sort((a, b) => a - b) });
        expect(parseAxis(formatAxis(axis.value))).toEqual(axis);
      },
    ),
  );
});

test('any text is parsed or refused in one line, soon', () => {
  const piece = fc.oneof(
    fc.constantFrom('seq', '=', '..', ',', ':', '*', 'x', ' ', '\n', '1', '9999999999', '1.01', '-', '1e9'),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const axis = parseAxis(pieces.join(''));
      if (!axis.ok) expect(axis.error).toMatch(/^[^\n\r]+$/);
      const found = axis.ok ? axis.value.values : [];
      expect(found.length).toBeLessThanOrEqual(maxPoints);
      for (const [index, each] of found.entries()) {
        expect(Number.isSafeInteger(each) && each > (found[index - 1] ?? 0)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

describe('several axes', () => {
  test('come in one order, whatever order they were given in', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(['b=1,2', 'seq=64..256', 'd=8,16', 'br=4..16'], { minLength: 1 }),
        (texts) => {
          const axes = parseAxes(texts);
          expect(axes).toEqual(parseAxes([...texts].sort()));
        },
      ),
    );
  });

  test.each<[string[], RegExp]>([
    [[], /nothing varies/],
    [['d=8', 'd=16'], /d is varied twice/],
    [['seq=8', 'n=16'], /seq is both lengths, so n cannot vary/],
    [['m=8', 'seq=16'], /seq is both lengths, so m cannot vary/],
    [['n=1..100:1', 'm=1..11:1'], /1100 points, at most 1000/],
  ])('%j are refused', (texts, right) => {
    const axes = parseAxes(texts);
    expect(axes.ok ? '' : axes.error).toMatch(right);
  });
});
