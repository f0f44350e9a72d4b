import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instrument } from '../../../src/plans/counting/instrument.ts';
import { printKernel, randomKernel } from './randomKernel.ts';

const buffers = `@group(0) @binding(0) var<storage, read> Q: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> O: array<f32>;
`;

/** A kernel whose body stands on line 4. */
function kernel(body: string, helpers = ''): string {
  return `${buffers}@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { let i = id.x;\n${body}\n}\n${helpers}`;
}

function count(body: string, helpers = '') {
  return instrument(kernel(body, helpers), { entryPoint: 'main' });
}

/** The rewritten line of the body. */
function bodyOf(body: string): string {
  return count(body).wgsl.split('\n')[3]!;
}

describe('what is written', () => {
  test('a load is wrapped where it is evaluated, with the loads in its index inside', () => {
    expect(bodyOf('O[i] = Q[u32(O[i])].x;')).toBe(
      'tally_hit0(); O[i] = tally_tap0(Q[u32(tally_tap1(O[i]))].x);',
    );
    expect(bodyOf('if i > 2 && Q[i].x > 0 { return; }')).toBe(
      'if i > 2 && tally_tap0(Q[i].x) > 0 { return; }',
    );
  });

  test('a store is counted before it, in the header of a for around its value', () => {
    expect(bodyOf('O[i] += 2;')).toBe('tally_hit0(); tally_hit1(); O[i] += 2;');
    expect(bodyOf('for (O[i] = 0; i < 2; O[i] -= 1) { }')).toBe(
      'tally_hit0(); for (O[i] = 0; i < 2; O[i] -= tally_tap0(1)) { }',
    );
  });

  test('addresses and arrayLength are left alone', () => {
    const body = 'let q = &Q; _ = arrayLength(&Q) + arrayLength(q); _ = &O[i];';
    expect(bodyOf(body)).toBe(body);
    expect(count(body).sites).toEqual([]);
  });

  test('the entry point keeps its name, attributes and parameters; the old one is called', () => {
    const { wgsl } = count('O[i] = 1;');
    expect(wgsl).toContain('fn tally_entry( id: vec3u) {');
    expect(wgsl).toContain(
      '@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id) id: vec3u) {\n  tally_entry(id);',
    );
    expect(wgsl.match(/@compute/g)).toHaveLength(1);
    expect(wgsl).not.toContain('workgroup>');
  });

  test('names that the kernel already uses are avoided', () => {
    expect(count('let tally_hit0 = 1; O[i] = 1;').wgsl).toContain('tally1_hit0(); O[i] = 1;');
  });

  test('directives, aliases and constants stand as they were', () => {
    const source = `enable f16;\nrequires pointer_composite_access;\ndiagnostic(off, derivative_uniformity);\nalias T = vec2<f16>;\nconst N = 4;\noverride M: u32 = 2;\n@group(0) @binding(0) var<storage, read_write> H: array<T, N>;\n@compute @workgroup_size(M) fn main() { H[0] = H[1]; }\n`;
    const { wgsl, sites } = instrument(source, { entryPoint: 'main' });
    expect(wgsl.split('\n').slice(0, 7)).toEqual(source.split('\n').slice(0, 7));
    expect(wgsl).toContain('(value: vec2<f16>) -> vec2<f16>');
    expect(sites.map((site) => site.bytesPerAccess)).toEqual([4, 4]);
  });
});

describe('sites', () => {
  test('say the variable, the kind, the bytes of the chain as written, and the line of the input', () => {
    const { sites } = count(
      'O[i] = Q[i].x;\nlet all = Q[i].xyz;\nO[i]\n  *= 2;',
      'fn unused() { O[0] = 1; }',
    );
    expect(sites).toEqual([
      { buffer: 'O', kind: 'store', bytesPerAccess: 4, line: 4 },
      { buffer: 'Q', kind: 'load', bytesPerAccess: 4, line: 4 },
      { buffer: 'Q', kind: 'load', bytesPerAccess: 12, line: 5 },
      { buffer: 'O', kind: 'load', bytesPerAccess: 4, line: 6 },
      { buffer: 'O', kind: 'store', bytesPerAccess: 4, line: 6 },
    ]);
  });

  test('carry the name of the buffer behind a pointer parameter', () => {
    const { sites } = count(
      'first(&O, i);',
      `fn first(p: ptr<storage, array<f32>, read_write>, k: u32) { let r = &p[k]; second(r); }
fn second(p: ptr<storage, f32, read_write>) { *p += 1; }`,
    );
    expect(sites.map(({ buffer, kind, line }) => [buffer, kind, line])).toEqual([
      ['O', 'load', 7],
      ['O', 'store', 7],
    ]);
  });

  test('are those of the entry point that was asked for; other entry points are taken out', () => {
    const source = `${buffers}@compute @workgroup_size(1) fn a() {\n O[0] = 1; }\n@compute @workgroup_size(1) fn b() { O[1] = 1; }\n`;
    expect(instrument(source, { entryPoint: 'a' }).sites.map((site) => site.line)).toEqual([4]);
    const second = instrument(source, { entryPoint: 'b' });
    expect(second.sites.map((site) => site.line)).toEqual([5]);
    expect(second.wgsl).not.toContain('fn a()');
    expect(second.wgsl.split('\n')[4]).toContain('tally_hit0(); O[1] = 1;');
  });

  test('count atomics by what they do', () => {
    const source = `@group(0) @binding(0) var<storage, read_write> A: array<atomic<u32>>;
var<workgroup> w: atomic<u32>;
@compute @workgroup_size(1) fn main() { atomicStore(&A[0], 1); _ = atomicLoad(&A[0]); _ = atomicMax(&A[0], 1); atomicAdd(&w, 1); }
`;
    const { sites } = instrument(source, { entryPoint: 'main' });
    expect(sites.map((site) => `${site.kind} ${site.bytesPerAccess}`)).toEqual([
      'store 4',
      'load 4',
      'load 4',
      'store 4',
    ]);
  });
});

describe('the counter binding', () => {
  test('is one above the highest of group 0, whatever other groups hold', () => {
    expect(count('O[i] = 1;').counterBinding).toBe(5);
    const other =
      'const B = 6;\n@group(1) @binding(9) var<uniform> u: u32;\n@group(0) @binding(B) var<uniform> v: u32;\n';
    expect(count('O[i] = 1;', other).counterBinding).toBe(7);
    expect(
      instrument('@compute @workgroup_size(1) fn main() {}', { entryPoint: 'main' }).counterBinding,
    ).toBe(0);
  });

  test('can be chosen, but not from the kernel', () => {
    const source = kernel('O[i] = 1;');
    expect(instrument(source, { entryPoint: 'main', counterBinding: 2 }).wgsl).toContain(
      '@group(0) @binding(2) var<storage, read_write> tally_totals: array<atomic<u32>, 2>;',
    );
    expect(() => instrument(source, { entryPoint: 'main', counterBinding: 4 })).toThrow(
      /binding 4 .* belongs/,
    );
    expect(() => instrument(source, { entryPoint: 'main', flushAt: 0 })).toThrow(RangeError);
    expect(() => instrument(source, { entryPoint: 'main', flushAt: 2 ** 32 })).toThrow(RangeError);
  });
});

describe('any kernel', () => {
  test('keeps its lines, and gives the same rewrite each time', () => {
    fc.assert(
      fc.property(randomKernel, (random) => {
        const source = printKernel(random);
        const { wgsl, sites } = instrument(source, { entryPoint: 'main' });
        expect(instrument(source, { entryPoint: 'main' })).toEqual({ wgsl, sites, counterBinding: 4 });
        const lines = source.split('\n');
        const written = wgsl.split('\n');
        // Taking the additions out again gives back each line outside of the entry point's head.
        const bare = written
          .slice(0, lines.length)
          .map((line) => line.replaceAll(/tally_hit\d+\(\); |tally_tap\d+/g, '').replaceAll(/[()]/g, ''));
        for (const [index, line] of lines.entries()) {
          if (!line.includes('fn main')) expect(bare[index]).toBe(line.replaceAll(/[()]/g, ''));
        }
        for (const site of sites) expect(lines[site.line - 1]).toMatch(/[VROCp]\b/);
      }),
      { numRuns: 100 },
    );
  });

  test('of 300 lines is rewritten in under 20 ms', () => {
    const work = Array.from({ length: 290 }, (_, k) =>
      k % 4 === 0
        ? `O[i + ${k}] += Q[i].x * Q[i + ${k}].y + O[u32(Q[${k}].z)];`
        : `let v${k} = f32(i * ${k}u + 3u) * exp(f32(i)) + select(1.0, 2.0, i > ${k}u);`,
    );
    const source = kernel(work.join('\n'));
    expect(source.split('\n').length).toBeGreaterThan(290);
    const times = Array.from({ length: 12 }, () => {
      const start = performance.now();
      instrument(source, { entryPoint: 'main' });
      return performance.now() - start;
    });
    // The best of some: other work on the machine only ever adds.
    expect(Math.min(...times)).toBeLessThan(20);
  });
});
