import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttentionSite } from '../../../../src/shapes/site.ts';
import { findTextSites } from '../../../../src/shapes/text/findTextSites.ts';

/** Sizes that are multiples of nothing. */
const size = fc.integer({ min: 1, max: 3000 });
const problem = fc
  .record({
    batch: size,
    kvHeads: fc.integer({ min: 1, max: 31 }),
    group: fc.integer({ min: 1, max: 31 }),
    seqLenQ: size,
    seqLenKv: size,
    headDim: fc.integer({ min: 1, max: 512 }),
    headDimV: fc.integer({ min: 1, max: 512 }),
  })
  .map(({ group, ...sizes }) => ({ ...sizes, heads: group * sizes.kvHeads }));
type Sizes = typeof problem extends fc.Arbitrary<infer T> ? T : never;

/** Ways to write a number that leave it what it is, each as the languages of one family read it. */
const spellings: ((value: number) => string)[] = [
  (value) => `${value}`,
  (value) => `(${value})`,
  (value) => `${value - 1} + 1`,
  (value) => `${value} * 2 / 2`,
  (value) => `0x${value.toString(16)}`,
  (value) => `(${value} + 7) % ${value + 8} - 7`,
  (value) => `${value * 3} / 3 /* a comment, 5 */`,
];
const spelling = fc.constantFrom(...spellings);

function sizesOf({ problem: found }: AttentionSite): Sizes {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } = found;
  return { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } as Sizes;
}

const one = (sites: AttentionSite[]) => {
  expect(sites).toHaveLength(1);
  return sizesOf(sites[0]!);
};

describe('what is written is what is read', () => {
  test('constants of JavaScript, in any spelling', () => {
    fc.assert(
      fc.property(problem, fc.array(spelling, { minLength: 6, maxLength: 6 }), (p, spell) => {
        const text = `
          const b = ${spell[0]!(p.batch)}, h = ${spell[1]!(p.heads)};
          let hkv = ${spell[2]!(p.kvHeads)}
          const n = ${spell[3]!(p.seqLenQ)};
          const [m, d] = [${spell[4]!(p.seqLenKv)}, ${spell[5]!(p.headDim)}];
          const k = np.zeros([b, m, hkv, d]);
          nn.dotProductAttention(np.zeros([b, n, h, d]), k, k);`;
        expect(one(findTextSites(text, 'typescript'))).toEqual({ ...p, headDimV: p.headDim });
      }),
    );
  });

  test('constants of C++ through ggml, in reversed order and with a head dim of its own for V', () => {
    fc.assert(
      fc.property(problem, fc.array(spelling, { minLength: 3, maxLength: 3 }), (p, spell) => {
        const text = `
          #define HEADS ${spell[0]!(p.heads)}
          constexpr int64_t hkv{${p.kvHeads}};
          const int b = ${spell[1]!(p.batch)}, n = ${spell[2]!(p.seqLenQ)};
          auto * q = ggml_new_tensor_4d(ctx, GGML_TYPE_F32, ${p.headDim}, n, HEADS, b);
          auto * k = ggml_new_tensor_4d(ctx, GGML_TYPE_F16, ${p.headDim}, ${p.seqLenKv}, hkv, b);
          auto * v = ggml_new_tensor_4d(ctx, GGML_TYPE_F16, ${p.headDimV}, ${p.seqLenKv}, hkv, b);
          ggml_flash_attn_ext(ctx, q, k, v, mask, scale, 0.0f, 0.0f);`;
        expect(one(findTextSites(text, 'cpp'))).toEqual(p);
      }),
    );
  });

  test('arguments in any order, by the names of the parameters', () => {
    const parameters = {
      batch: 'B',
      heads: 'num_heads',
      kvHeads: 'num_kv_heads',
      seqLenQ: 'seq_len_q',
      seqLenKv: 'seq_len_kv',
      headDim: 'head_dim',
      headDimV: 'v_head_dim',
    };
    const order = fc.shuffledSubarray(Object.keys(parameters) as (keyof Sizes)[], { minLength: 7 });
    fc.assert(
      fc.property(problem, order, (p, names) => {
        const declared = names.map((name) => `int ${parameters[name]}`).join(', ');
        const given = names.map((name) => p[name]).join(', ');
        const text = `void my_attention(const float *q, float *o, ${declared});\nint main() { my_attention(q, o, ${given}); }`;
        expect(one(findTextSites(text, 'cuda-cpp'))).toEqual(p);
      }),
    );
  });

  test('one problem as YAML, TOML, JSON, a record and a table', () => {
    const keys = {
      batch: 'batch_size',
      heads: 'num_heads',
      kvHeads: 'num_kv_heads',
      seqLenQ: 'seq_len_q',
      seqLenKv: 'seq_len_kv',
      headDim: 'head_dim',
      headDimV: 'v_head_dim',
    };
    const order = fc.shuffledSubarray(Object.keys(keys) as (keyof Sizes)[], { minLength: 7 });
    fc.assert(
      fc.property(problem, order, (p, names) => {
        const lines = (between: string) => names.map((name) => `${keys[name]}${between}${p[name]}`);
        const row = (cells: (string | number)[]) => `| ${cells.join(' | ')} |\n`;
        const table =
          row(names.map((name) => keys[name])) +
          row(names.map(() => '--:')) +
          row(names.map((name) => p[name]));
        const texts: [string, string][] = [
          ['yaml', `model:\n  ${lines(': ').join('  # a comment\n  ')}\n`],
          ['toml', `[model]\n${lines(' = ').join('\n')}\n`],
          ['json', JSON.stringify(Object.fromEntries(names.map((name) => [keys[name], p[name]])), null, 2)],
          ['typescript', `const model = { ${lines(': ').join(', ')} };`],
          ['markdown', table],
        ];
        for (const [language, text] of texts) {
          expect([language, one(findTextSites(text, language))]).toEqual([language, p]);
        }
      }),
    );
  });
});
