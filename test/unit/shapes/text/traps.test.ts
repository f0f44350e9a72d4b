import { describe, expect, test } from 'vitest';
import { completeSite } from '../../../../src/shapes/completeSite.ts';
import type { AttentionSite } from '../../../../src/shapes/site.ts';
import { findTextSites } from '../../../../src/shapes/text/findTextSites.ts';

function shapes(text: string, language: string): string[] {
  return findTextSites(text, language).map(({ problem: p }: AttentionSite) =>
    [p.batch, p.heads, p.kvHeads, p.seqLenQ, p.seqLenKv, p.headDim, p.headDimV]
      .map((size) => size ?? '?')
      .join(' '),
  );
}

describe('numbers that are no attention shape', () => {
  test.each([
    ['a version', 'plaintext', 'needs 1.16.2048.64 or later, attention changed'],
    ['an address', 'yaml', 'heads: 10.8.1024.64\nhead_dim: host'],
    ['a date', 'markdown', 'attention of 2024-08-16, 12:30:45:64'],
    ['an image', 'plaintext', 'images of 3x224x224 and 4x3x224x224'],
    ['a box in a list', 'json', '{"bbox": [12, 8, 240, 160]}'],
    ['a matrix of data', 'typescript', 'const shape = [[8, 16, 4096, 64], [4, 8, 2048, 32]];'],
    [
      'a matrix over lines',
      'typescript',
      'const attention = [\n  [8, 16, 4096, 64],\n  [4, 8, 2048, 32],\n];',
    ],
    ['numbers that nothing calls a shape', 'typescript', 'const padding = [8, 16, 1024, 64];'],
    ['the sizes of a launch', 'cuda-cpp', 'attention<<<dim3(8, 16, 4), 64>>>(q, k, v, o);'],
    ['a launch that has four numbers', 'cuda-cpp', 'attention<<<8, 16, 4096, 64>>>(q, k, v);'],
    ['heads behind positions', 'cpp', 'attention(q, k, v, 8, 4096, 16, 64);'],
    ['sizes in any order', 'cpp', 'attention(q, k, v, 8, 64, 128, 64);'],
    ['five numbers', 'cpp', 'attention(q, k, v, 8, 16, 4096, 64, 3);'],
    ['helpers', 'cpp', 'init_attention_weights(8, 16, 4096, 64); attention_mask(m, 8, 16, 4096, 64);'],
    ['a comment', 'cpp', '// attention_forward(out, in, B, T, C, NH)\nint x;'],
    ['a string', 'typescript', 'const s = "attention(q, k, v, 8, 16, 4096, 64)";'],
    ['a regular expression', 'typescript', 'const s = /attention(8, 16, 4096, 64)/;'],
    ['a definition', 'cpp', 'void attention(float *o, int B, int T, int C, int NH) {}'],
    ['a declaration', 'cpp', 'void attention(float *o, int B, int T, int C, int NH);'],
    ['a method', 'typescript', 'class A { attention(batch, heads, seqLen, headDim) { } }'],
    ['heads of a page', 'typescript', 'const page = { heads: 3, footers: 2 };'],
    ['depths of a network', 'markdown', 'depth = (2, 2, 512, 64),  # blocks of attention per stage'],
    [
      'widths of keys',
      'markdown',
      'ssa_dim_key = (40, 40, 40, 32),  # dimension of the attention keys (and queries)',
    ],
    ['instructions', 'markdown', '47 HGMMA instructions (40 × 64×112×16)'],
    ['layers of another kind', 'yaml', 'num_heads: 12\nhead_dim: 64\nattention_config: [[["mamba"], 24]]'],
    ['heads that are wide and high', 'typescript', 'const page = { heads: 8, width: 512, height: 512 };'],
    ['attention without a softmax', 'cpp', 'linear_attention(q, k, v, 8, 16, 4096, 64);'],
    ['heads that differ by stage', 'yaml', 'num_heads: [3, 6, 12, 24]\nembed_dim: 96'],
    ['keys in a block of text', 'yaml', 'note: |\n  num_heads: 8\n  head_dim: 64'],
    ['settings that are commented out', 'toml', '# num_heads = 8\n# head_dim = 64'],
    ['a table without heads', 'markdown', '| B | S | D |\n|---|---|---|\n| 8 | 4096 | 64 |'],
    ['a table of speeds', 'markdown', '| GFLOP per head | head dim |\n|---|---|\n| 12 | 64 |'],
    ['height and width', 'markdown', '| B | C | H | W |\n|---|---|---|---|\n| 8 | 3 | 224 | 224 |'],
    [
      'a published configuration',
      'json',
      '{"model_type": "llama", "num_attention_heads": 32, "head_dim": 128}',
    ],
    ['an empty cache of unknown heads', 'javascript', 'f["past_key_values.0.key"] = t([b, heads, 0, dim]);'],
    ['Python', 'python', 'F.scaled_dot_product_attention(q, k, v)  # 8x16x4096x64'],
    ['a notebook', 'a/b.ipynb', '{"num_heads": 8, "head_dim": 64}'],
  ])('%s', (_, language, text) => {
    expect(shapes(text, language)).toEqual([]);
  });
});

describe('values that are not sure are not known', () => {
  const call = 'attention_forward(out, in, B, T, C, NH);';
  test.each([
    [
      'a loop variable',
      `int B = 8, C = 768, NH = 12; for (int T = 128; T < 4096; T *= 2) { ${call} }`,
      '8 12 12 ? ? 64 64',
    ],
    [
      'a reading of the command line',
      `int B = 8, C = 768, NH = 12, T = 64; if (argc > 1) T = atoi(argv[1]); ${call}`,
      '8 12 12 ? ? 64 64',
    ],
    [
      'a value through its address',
      `int B = 8, C = 768, NH = 12, T = 64; scanf("%d", &T); ${call}`,
      '8 12 12 ? ? 64 64',
    ],
    [
      'a value from a stream',
      `int B = 8, C = 768, NH = 12, T = 64; std::cin >> T; ${call}`,
      '8 12 12 ? ? 64 64',
    ],
    [
      'two builds',
      `#if A\nconst int T = 8;\n#else\nconst int T = 16;\n#endif\nint B = 8, C = 768, NH = 12; ${call}`,
      '8 12 12 ? ? 64 64',
    ],
    [
      'two macros',
      `#ifdef A\n#define T 8\n#else\n#define T 16\n#endif\nint B = 8, C = 768, NH = 12; ${call}`,
      '8 12 12 ? ? 64 64',
    ],
    [
      'a parameter that hides a constant',
      `const int T = 8; void f(int T) { int B = 8, C = 768, NH = 12; ${call} }`,
      '8 12 12 ? ? 64 64',
    ],
    [
      'a constant of another function',
      `void g() { int T = 8; } void f() { int B = 8, C = 768, NH = 12; ${call} }`,
      '8 12 12 ? ? 64 64',
    ],
    ['a width that heads do not divide', `int B = 8, C = 770, NH = 12, T = 64; ${call}`, '8 12 12 64 64 ? ?'],
    [
      'a letter that is the width',
      `int B = 8, D = 768, NH = 12, T = 64; attention(out, in, B, T, D, NH);`,
      '8 12 12 64 64 ? ?',
    ],
    ['heads that no model has', `int B = 8, C = 768, NH = 100000, T = 64; ${call}`, '8 ? ? 64 64 ? ?'],
    ['a choice', `int B = 8, C = 768, NH = 12, T = big ? 64 : 32; ${call}`, '8 12 12 ? ? 64 64'],
    [
      'a product with what is not known',
      `int B = 8, C = 768, NH = 12, T = 4 * n; ${call}`,
      '8 12 12 ? ? 64 64',
    ],
    ['overflow', `int B = 8, C = 768, NH = 12, T = 2000000000 * 2000000000; ${call}`, '8 12 12 ? ? 64 64'],
  ])('%s', (_, text, expected) => {
    expect(shapes(text, 'cpp')).toEqual([expected]);
  });

  test.each([
    ['let that changes', 'let T = 8; T += 1;', '?'],
    ['let that stays', 'let T = 8;', '8'],
    ['var twice', 'var T = 8; var T = 9;', '?'],
    ['a fraction', 'const T = 9 / 2;', '?'],
    ['a fraction rounded', 'const T = Math.floor(9 / 2);', '4'],
    ['a record', 'const c = { T: 8 }; const T = c.T;', '8'],
    ['a record that changes', 'const c = { T: 8 }; c.T = 9; c.T = 10; const T = c.T;', '?'],
    ['a list', 'const [A, T] = [4, 8];', '8'],
    ['an annotated constant', 'const T: number = 2 ** 3;', '8'],
    ['a constant without semicolons', 'const S = 4\nconst T = S * 2\n', '8'],
    ['a cycle', 'const S = T; const T = S;', '?'],
    ['itself', 'const T = T;', '?'],
  ])('%s', (_, text, expected) => {
    const [site] = findTextSites(`${text}\nnn.dotProductAttention(np.ones([T, 2, 4]), k, v);`, 'ts');
    expect(site!.problem.seqLenQ ?? '?').toEqual(expected === '?' ? '?' : Number(expected));
  });
});

describe('order and layout', () => {
  test('ggml counts from the innermost axis, PyTorch from the outermost', () => {
    const made = 'auto t = ggml_new_tensor_4d(ctx, GGML_TYPE_F16, 64, 100, 12, 2);';
    expect(shapes(`${made} ggml_flash_attn_ext(ctx, t, t, t, NULL, 1.0f, 0.0f, 0.0f);`, 'cpp')).toEqual([
      '2 12 12 100 100 64 64',
    ]);
    const torch = 'auto t = torch::randn({2, 12, 100, 64});';
    expect(shapes(`${torch} at::scaled_dot_product_attention(t, t, t);`, 'cpp')).toEqual([
      '2 12 12 100 100 64 64',
    ]);
  });

  test('a permutation of ggml says where each axis goes', () => {
    const made =
      'auto a = ggml_new_tensor_4d(ctx, GGML_TYPE_F32, 3, 5, 7, 11); auto t = ggml_permute(ctx, a, 1, 2, 3, 0);';
    // ne = (3, 5, 7, 11) becomes ne[1] = 3, ne[2] = 5, ne[3] = 7, ne[0] = 11.
    expect(shapes(`${made} ggml_flash_attn_ext(ctx, t, t, t, NULL, 1.0f, 0.0f, 0.0f);`, 'cpp')).toEqual([
      '7 5 5 3 3 11 11',
    ]);
  });

  test('a permutation of PyTorch says where each axis comes from', () => {
    const made = 'auto t = torch::randn({3, 5, 7, 11}).permute({1, 2, 3, 0});';
    expect(shapes(`${made} at::scaled_dot_product_attention(t, t, t);`, 'cpp')).toEqual(['5 7 7 11 11 3 3']);
  });

  test('jax-js has the length before the heads', () => {
    expect(shapes('const t = np.zeros([2, 100, 12, 64]); nn.dotProductAttention(t, t, t)', 'ts')).toEqual([
      '2 12 12 100 100 64 64',
    ]);
  });

  test('kv heads that do not divide the heads are dropped', () => {
    expect(shapes('num_heads: 12\nnum_kv_heads: 5\nhead_dim: 64', 'yaml')).toEqual(['? 12 ? ? ? 64 64']);
  });

  test('a key that stands twice in a section is not known', () => {
    expect(shapes('num_heads: 12\nseq_len: 8\nhead_dim: 64\nhead_dim: 128', 'yaml')).toEqual([
      '? 12 12 8 8 ? ?',
    ]);
  });
});

describe('what a site lacks can be filled in', () => {
  test('symbols are evaluated with the values of their names', () => {
    const text =
      'void run(int B, int T, int C) { const int NH = 12; attention_forward(out, in, B, T, C, NH); }';
    const [site] = findTextSites(text, 'cpp');
    expect(site!.symbols).toMatchObject({ batch: 'B', seqLenQ: 'T', headDim: 'C // 12' });
    const completed = completeSite(site!, { B: 2, T: 77, C: 768 });
    expect(completed.missing).toEqual([]);
    expect(completed.shape).toEqual({
      batch: 2,
      heads: 12,
      kvHeads: 12,
      seqLenQ: 77,
      seqLenKv: 77,
      headDim: 64,
      headDimV: 64,
    });
  });
});
