import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatShape } from '../../../src/attention/shape.ts';
import { findShapes } from '../../../src/shapes/literals.ts';

/** The shapes of a text in their shortest form. */
function shapes(text: string): string[] {
  return findShapes(text).map(({ shape }) => formatShape(shape));
}

describe('shapes that are found', () => {
  test.each([
    ['q = torch.randn(8, 16, 4096, 64)', '8,16,4096,64'],
    ['q = torch.randn(8, 16, 4096, 64, device="cuda", dtype=torch.float16)', '8,16,4096,64'],
    ['x = torch.zeros((2, 12, 1024, 64), dtype=torch.float32)', '2,12,1024,64'],
    ['x = torch.ones([2, 12, 1024, 64])', '2,12,1024,64'],
    ['x = torch.empty(size=(2, 12, 1024, 64))', '2,12,1024,64'],
    ['x = torch.full((1, 8, 333, 80), 0.5)', '1,8,333,80'],
    ['x = np.random.rand(1, 8, 512, 64)', '1,8,512,64'],
    ['x = jax.random.normal(key, (1, 8, 512, 64))', '1,8,512,64'],
    ['x = y.view(4, 12, 197, 64)', '4,12,197,64'],
    ['shape = (8, 16, 4096, 64)', '8,16,4096,64'],
    ['shape = [8, 16, 4096, 64]', '8,16,4096,64'],
    ['# runs with (8, 16, 4096, 64) on one device', '8,16,4096,64'],
    ['print("shape is (8, 16, 4096, 64)")', '8,16,4096,64'],
    ['return (8, 16, 4096, 64,)', '8,16,4096,64'],
    ['assert q.shape == (8,16,4096,64)', '8,16,4096,64'],
    ['b=8 h=16 n=4096 d=64', '8,16,4096,64'],
    ['# b=8, h=16, n=4096, d=64', '8,16,4096,64'],
    ['B = 8; H = 16; N = 4096; D = 64', '8,16,4096,64'],
    ['run(h=32, kv=8, n=4096, d=128)', 'b=1 h=32 kv=8 n=4096 d=128'],
    ['b=1 h=8 kv=2 n=333 m=517 d=80 dv=96', 'b=1 h=8 kv=2 n=333 m=517 d=80 dv=96'],
    ['dict(batch=2, num_heads=12, seq_len=77, head_dim=64)', '2,12,77,64'],
    ['attend(B=8, H=16, N=4096, D=64, causal=True)', '8,16,4096,64'],
    ['B, H, N, D = 8, 16, 4096, 64', '8,16,4096,64'],
    ['(B, H, N, D) = (8, 16, 4096, 64)', '8,16,4096,64'],
    ['B, N, H, D = (1, 4096, 16, 64)', '1,16,4096,64'],
    ['8x16x4096x64', '8,16,4096,64'],
    ['Q is 8 × 16 × 4096 × 64.', '8,16,4096,64'],
    ['torch.randn(8, 16, 4 * 1024, 64)', '8,16,4096,64'],
    ['torch.randn(8, 16, 2**12, 1 << 6)', '8,16,4096,64'],
    ['torch.randn(8, 16, 4_096, 64)', '8,16,4096,64'],
    ['torch.randn(1, 32, 1, 128)  # one new token', '1,32,1,128'],
  ])('%s', (text, expected) => {
    expect(shapes(text)).toEqual([expected]);
  });

  test('a call over several lines, with comments', () => {
    const text = 'q = torch.randn(\n    8,  # batch\n    16,\n    4096,\n    64,\n    device="cuda",\n)\n';
    const [found] = findShapes(text);
    expect(found?.shape).toMatchObject({ batch: 8, heads: 16, seqLenQ: 4096, headDim: 64 });
    expect(found?.range).toEqual({ startLine: 0, startColumn: 4, endLine: 6, endColumn: 1 });
  });

  test('several on one line and on several lines, each with its place', () => {
    const found = findShapes('a = (1, 8, 512, 64); b = (2, 8, 512, 64)\r\n\r\n  8x16x4096x64');
    expect(found.map(({ range }) => range)).toEqual([
      { startLine: 0, startColumn: 4, endLine: 0, endColumn: 19 },
      { startLine: 0, startColumn: 25, endLine: 0, endColumn: 40 },
      { startLine: 2, startColumn: 2, endLine: 2, endColumn: 14 },
    ]);
  });

  test('unpacked names start where the first name does', () => {
    const [found] = findShapes('x = 1\n\nB, H, N, D = 8, 16, 4096, 64\n');
    expect(found?.range).toEqual({ startLine: 2, startColumn: 0, endLine: 2, endColumn: 28 });
  });

  test('evidence and assumption say what was read and how', () => {
    const [tuple] = findShapes('q = torch.randn(8, 16, 4096, 64, device="cuda")');
    expect(tuple?.evidence).toBe('torch.randn(8, 16, 4096, 64, device="cuda")');
    expect(tuple?.assumption).toBe('read as batch, heads, sequence, head dim');
    const [named] = findShapes('h=16 n=4096 d=64');
    expect(named?.assumption).toBe('read by the names h, n, d, batch taken as 1');
  });
});

describe('what is not an attention shape', () => {
  test.each([
    ['a head dim past 256', 'torch.randn(8, 16, 64, 4096)'],
    ['an RGB image', 'torch.randn(8, 3, 224, 224)'],
    ['an RGB image that is not square', 'torch.randn(8, 3, 128, 192)'],
    ['a grey image', 'x = (1, 1, 128, 96)'],
    ['a feature map', 'torch.randn(8, 64, 32, 32)'],
    ['a feature map with channels last', 'torch.randn(8, 32, 32, 64)'],
    ['a convolution', 'torch.randn(64, 3, 7, 7)'],
    ['batch, sequence, heads, head dim', 'torch.randn(8, 4096, 16, 64)'],
    ['the same with a short sequence', 'torch.randn(8, 128, 16, 64)'],
    ['a zero', 'torch.randn(8, 0, 4096, 64)'],
    ['a negative', 'x.view(8, -1, 4096, 64)'],
    ['a float', 'x = (8, 16, 4096.0, 64)'],
    ['an exponent', 'x = (8, 16, 4e3, 64)'],
    ['a name', 'torch.randn(8, 16, N, 64)'],
    ['a name at the end', 'torch.randn(8, 16, 4096, 64 * k)'],
    ['three sizes', 'torch.randn(16, 4096, 64)'],
    ['five sizes', 'torch.randn(2, 8, 16, 4096, 64)'],
    ['five in a tuple', '(2, 8, 16, 4096, 64)'],
    ['five sizes in another way', '8x16x4096x64x2'],
    ['the tail of five', '2 x 8 x 16 x 4096 x 64'],
    ['values', 'torch.tensor([8, 16, 4096, 64])'],
    ['arguments of something else', 'range_of(8, 16, 4096, 64)'],
    ['an index', 'x[8, 16, 4096, 64]'],
    ['an index of a call', 'f()[8, 16, 4096, 64]'],
    ['the call of a call', 'f()(8, 16, 4096, 64)'],
    ['a sweep', 'for n in [16, 32, 64, 128]:'],
    ['the widths of a network', 'layers = [784, 256, 128, 64]'],
    ['padding', 'F.pad(x, (1, 1, 1, 1))'],
    ['small integers', 'x = (1, 2, 3, 4)'],
    ['a version', '1.2.3.4 and 1x2x3x4'],
    ['a date', '(2024, 01, 31, 16)'],
    ['a hexadecimal number', '0x16x8x512x64'],
    ['an unclosed tuple', '(8, 16, 4096, 64'],
    ['brackets that do not match', '(8, 16, 4096, 64]'],
    ['too few names', 'b=8 h=16 n=4096'],
    ['a name given twice', 'b=8 h=16 n=4096 n=512 d=64'],
    ['heads not divisible by kv heads', 'h=16 kv=3 n=4096 d=64'],
    ['names of an image', 'B, C, H, W = 8, 16, 4096, 64'],
    ['names of an image in brackets', '(B, C, H, W) = (8, 16, 4096, 64)'],
    ['a comparison', 'b==8 h==16 n==4096 d==64'],
    ['attributes', 'x.b=8; x.h=16; x.n=4096; x.d=64'],
    ['a number of more than ten digits', '(8, 16, 99999999999, 64)'],
    ['a power past reach', 'torch.randn(8, 16, 2**64, 64)'],
    ['a power of a power', 'torch.randn(8, 16, 2**3**2, 64)'],
  ])('%s', (_, text) => {
    expect(shapes(text)).toEqual([]);
  });

  test('words of attention decide what the sizes alone leave open', () => {
    expect(shapes('x = torch.randn(1, 8, 64, 64)')).toEqual([]);
    expect(shapes('q = torch.randn(1, 8, 64, 64)')).toEqual(['1,8,64,64']);
    expect(shapes('x = torch.randn(1, 3, 128, 64)')).toEqual([]);
    expect(shapes('x = torch.randn(1, 3, 128, 64)  # attention')).toEqual(['1,3,128,64']);
    // The words of another line say nothing.
    expect(shapes('q = 1\nx = torch.randn(1, 8, 64, 64)')).toEqual([]);
  });

  test('Python precedence: shifts bind less than products', () => {
    expect(shapes('torch.randn(8, 16, 4 << 2 * 4, 64)')).toEqual(['8,16,1024,64']);
  });
});

describe('any text', () => {
  test('never throws, stays inside the text and never claims what cannot be computed', () => {
    const pieces = fc.constantFrom(
      '(', ')', '[', ']', ',', ' ', '\n', '=', 'b', 'h=', 'n', 'd=', '8', '16', '4096', '64', 'x', '×', '*', '**',
      '<<', '#', '"', 'torch.randn', 'B, H, N, D', '-', '.', '_', '0', '\u{1F600}', '\0',
    ); // biome-ignore format: a table
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 80 }), (parts) => {
        const text = parts.join('');
        const lines = text.split('\n');
        for (const { shape, range } of findShapes(text)) {
          expect(shape.headDim).toBeLessThanOrEqual(256);
          expect(Math.min(...Object.values(shape))).toBeGreaterThanOrEqual(1);
          expect(shape.heads % shape.kvHeads).toBe(0);
          expect(range.endColumn).toBeLessThanOrEqual(lines[range.endLine]!.length);
          expect(range.startLine).toBeLessThanOrEqual(range.endLine);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('what is written is what is read', () => {
    const sizes = fc.record({
      batch: fc.integer({ min: 1, max: 64 }),
      heads: fc.integer({ min: 2, max: 128 }),
      seqLen: fc.integer({ min: 300, max: 2 ** 14 }),
      headDim: fc.integer({ min: 2, max: 32 }).map((eighths) => eighths * 8),
    });
    fc.assert(
      fc.property(sizes, ({ batch, heads, seqLen, headDim }) => {
        const list = [batch, heads, seqLen, headDim];
        fc.pre(heads > 3);
        for (const text of [
          `torch.randn(${list.join(', ')})`,
          `(${list.join(',')})`,
          list.join('x'),
          `b=${batch} h=${heads} n=${seqLen} d=${headDim}`,
        ]) {
          expect(shapes(text)).toEqual([list.join(',')]);
        }
      }),
    );
  });

  test.each([
    ['open brackets', '('.repeat(10_000_000)],
    ['spaces behind brackets', `(${' '.repeat(300)}`.repeat(30_000)],
    ['half tuples', '(8,16,4096,'.repeat(900_000)],
    ['half shapes', '8x16x4096x'.repeat(1_000_000)],
    ['digits', '1'.repeat(10_000_000)],
    ['names', 'b=8 h=16 n=4096 '.repeat(600_000)],
    ['unpacking', 'a,b,c,d=1,2,3,'.repeat(700_000)],
    ['shapes on one line', 'torch.randn(8, 16, 4096, 64);'.repeat(300_000)],
    ['nested calls', 'torch.randn('.repeat(800_000)],
    ['stars', '2**'.repeat(3_000_000)],
    ['comments', '(#\n'.repeat(3_000_000)],
  ])('10 MB of %s end within a second', (_, text) => {
    const started = performance.now();
    findShapes(text);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
