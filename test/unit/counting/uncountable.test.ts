import { describe, expect, test } from 'vitest';
import { instrument } from '../../../src/plans/counting/instrument.ts';
import { UncountableError } from '../../../src/plans/counting/uncountable.ts';

const buffers = `@group(0) @binding(0) var<storage, read_write> O: array<f32>;
@group(0) @binding(1) var<storage, read_write> P: array<f32>;
`;

/** Bodies stand on line 4. */
function refusal(body: string, globals = ''): UncountableError {
  const source = `${buffers}@compute @workgroup_size(1) fn main(@builtin(local_invocation_index) i: u32) {\n${body}\n}\n${globals}`;
  return refusalOf(source);
}

function refusalOf(source: string, entryPoint = 'main'): UncountableError {
  try {
    instrument(source, { entryPoint });
  } catch (error) {
    expect(error).toBeInstanceOf(UncountableError);
    return error as UncountableError;
  }
  throw new Error('the kernel was not refused');
}

describe('refused by name, with the line and what to do', () => {
  test('a pointer parameter that means two buffers', () => {
    const error = refusal(
      'bump(&O);\nbump(&P);',
      'fn bump(p: ptr<storage, array<f32>, read_write>) { (*p)[0] += 1; }',
    );
    expect(error.line).toBe(5);
    expect(error.message).toMatch(
      /pointer parameter p of bump\(\).*line 5.*into O .* into P .*one function for each/,
    );
  });

  test('also through a let and another function', () => {
    const error = refusal(
      'let o = &O; outer(o); let p = &P[1]; *p = 1; inner(&P);',
      `fn outer(q: ptr<storage, array<f32>, read_write>) { inner(q); }
fn inner(r: ptr<storage, array<f32>, read_write>) { r[0] = 1; }`,
    );
    expect(error.construct).toBe('the pointer parameter r of inner()');
  });

  test.each([
    ['subgroupMatrixLoad', '_ = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>>(&O, 0, false, 8);'],
    ['subgroupMatrixStore', 'subgroupMatrixStore(&O, 0, m, false, 8);'],
    ['bufferView', 'let v = bufferView<array<u32>>(&O, 0); _ = v[0];'],
    ['atomicStoreMax', 'atomicStoreMax(&O[0], vec2u(1));'],
    ['somethingNew', 'let whole = &O; somethingNew(i, whole);'],
  ])('%s with the address of a buffer', (name, body) => {
    const error = refusal(body);
    expect(error.construct).toBe(`${name}()`);
    expect(error.line).toBe(4);
    expect(error.message).toMatch(/address of O.*through an index/);
  });

  test('a value whose size is not known', () => {
    const error = refusal(
      'let x = 1;\nlet wide = W[i];',
      '@group(0) @binding(2) var<storage> W: array<u64>;',
    );
    expect(error.message).toMatch(/the load `W\[i\]` on line 5.*size.*not known.*Give it a type/);
    expect(
      refusal('A[0] = A[1];', '@group(0) @binding(2) var<storage> A: array<atomic<u32>>;').construct,
    ).toBe('the store `A[0]`');
  });

  test('a compound assignment in the update of a for whose right side has an unknown type', () => {
    const error = refusal('for (var k = 0; k < 2; O[i] += notYetKnown(k)) { k++; }');
    expect(error.message).toMatch(
      /`O\[i\] \+= notYetKnown\(k\)` in the header of a for.*end of the loop body/,
    );
  });

  test('code that is not linked yet', () => {
    const error = refusal('@if(FAST) O[i] = 1;');
    expect(error.message).toMatch(/this use of O on line 4.*Link the module/);
  });

  test('an attribute that is no constant', () => {
    const error = refusal('', 'override B: u32 = 3;\n@group(0) @binding(B) var<storage> W: array<f32>;');
    expect(error.message).toMatch(/@binding\(B\) on line 7.*not a constant/);
  });

  test('text that does not parse', () => {
    const error = refusal('O[i] = ;');
    expect(error.line).toBe(4);
    expect(error.message).toMatch(/^Cannot count this WGSL on line 4: it does not parse: /);
    expect(error.message).not.toContain('\n');
  });

  test('an entry point that is missing, or no compute shader', () => {
    const source = `${buffers}@compute @workgroup_size(1) fn first() {}\n@compute @workgroup_size(1) fn second() {}\n@fragment fn paint() { O[0] = 1; }\n`;
    expect(refusalOf(source, 'third').message).toBe(
      'Cannot count entry point third: the module has no compute entry point of that name. It has: first, second.',
    );
    expect(refusalOf(source, 'paint').message).toMatch(/It has: first, second/);
    expect(refusalOf('fn f() {}').message).toMatch(/It has: none/);
  });
});

describe('what is not reached is not refused', () => {
  test('a function that the entry point never calls', () => {
    const source = `${buffers}fn unused() { subgroupMatrixStore(&O, 0, m, false, 8); }\n@compute @workgroup_size(1) fn main() { O[0] = 1; }\n`;
    expect(instrument(source, { entryPoint: 'main' }).sites).toHaveLength(1);
  });

  test('a local that is called like a buffer', () => {
    const source = `${buffers}@compute @workgroup_size(1) fn main() { var O = 1; O++; P[0] = f32(O); }\n`;
    expect(instrument(source, { entryPoint: 'main' }).sites.map((site) => site.buffer)).toEqual(['P']);
  });

  test('a user function that is called like a builtin', () => {
    const source = `${buffers}@compute @workgroup_size(1) fn main() { atomicAdd(&O, 1); }
fn atomicAdd(p: ptr<storage, array<f32>, read_write>, k: u32) { p[k] = 1; }\n`;
    expect(instrument(source, { entryPoint: 'main' }).sites).toEqual([
      { buffer: 'O', kind: 'store', bytesPerAccess: 4, line: 4 },
    ]);
  });
});
