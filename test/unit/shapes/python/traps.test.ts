import { describe, expect, it } from 'vitest';
import { pythonParser } from '../../../../scripts/lib/pythonParser.ts';
import { PythonDocument } from '../../../../src/shapes/python/document.ts';
import { Source } from '../../../../src/shapes/python/source.ts';
import type { AttentionSite } from '../../../../src/shapes/site.ts';

const parser = await pythonParser();

function sitesIn(code: string, modules: Record<string, string> = {}): AttentionSite[] {
  const resolve = (path: string) => {
    const text = modules[path];
    const tree = text === undefined ? null : parser.parse(text);
    if (text === undefined || !tree) return null;
    const source = new Source(`${path}.py`);
    source.update(text, tree);
    return source;
  };
  const document = new PythonDocument(parser, code, { resolve });
  const sites = document.sites();
  document.dispose();
  return sites;
}

const only = (code: string, modules?: Record<string, string>): AttentionSite => {
  const [site, ...more] = sitesIn(code, modules);
  expect(more).toEqual([]);
  return site!;
};

const torch = 'import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n';
const made = 'q = torch.zeros(2, 4, 16, 8)\n';

describe('what reads as something that it is not', () => {
  it('goes by what a name is bound to, not by the name', () => {
    const site = only(
      `import torch\nfrom flash_attn import flash_attn_qkvpacked_func as flash_attn_func\nflash_attn_func(torch.zeros(2, 16, 3, 4, 8))`,
    );
    expect(site).toMatchObject({
      api: 'flash_attn_qkvpacked_func',
      problem: { batch: 2, heads: 4, seqLenQ: 16, headDim: 8 },
    });
  });

  it('reads the fourth position by the version of the package, and not at all where the version is unknown', () => {
    const call = (from: string) =>
      only(
        `import torch\nfrom ${from} import flash_attn_func\nq = torch.zeros(1, 2, 3, 4)\nflash_attn_func(q, q, q, 0.5)`,
      ).problem;
    expect(call('flash_attn')).toMatchObject({ dropout: 0.5, scale: 'default' });
    expect(call('flash_attn_interface')).toMatchObject({ dropout: false, scale: 0.5 });
    expect(call('flash_attn.cute')).toMatchObject({ dropout: false, scale: 'default' });
    expect(call('mylib.fast')).toMatchObject({ dropout: false, scale: 'default' });
  });

  it('does not take a function of its own called attention for an API', () => {
    expect(
      sitesIn(`${torch}${made}def attention(a, b, c, d, e):\n    return a\nattention(q, q, q, True, 1.0)`),
    ).toEqual([]);
  });

  it('does not take a softmax over anything for attention', () => {
    expect(sitesIn(`${torch}def gate(x, w, e):\n    return F.softmax(x @ w, dim=-1) @ e`)).toEqual([]);
    expect(sitesIn(`${torch}def loss(x):\n    return F.softmax(x, dim=-1)`)).toEqual([]);
  });

  it('finds keys that were laid out for the product, and nothing in a product that does not fit', () => {
    const code = (k: string) =>
      `${torch}q = torch.zeros(2, 4, 16, 8)\nk = torch.zeros(${k})\nv = torch.zeros(2, 4, 32, 8)\ny = F.softmax(q @ k, dim=-1) @ v`;
    expect(only(code('2, 4, 8, 32')).problem).toMatchObject({
      heads: 4,
      seqLenQ: 16,
      seqLenKv: 32,
      headDim: 8,
    });
    expect(sitesIn(code('2, 32, 4, 8'))).toEqual([]);
  });

  it('leaves heads open where a product by hand has more axes than four', () => {
    const site = only(
      `${torch}q = torch.zeros(2, 3, 4, 16, 8)\ny = F.softmax(q @ q.transpose(-2, -1), dim=-1) @ q`,
    );
    expect(site.problem).toMatchObject({ batch: null, heads: null, seqLenQ: 16, headDim: 8 });
  });

  it('does not trust a default that the only caller overrides, nor one that callers differ on', () => {
    const layer = `${torch}class A(nn.Module):\n    def __init__(self, heads=8):\n        self.heads = heads\n    def attn(self, x):\n        q = x.view(1, self.heads, 16, 8)\n        return F.scaled_dot_product_attention(q, q, q)\n`;
    expect(only(layer)).toMatchObject({ problem: { heads: 8 }, basis: { heads: 'default' } });
    expect(only(`${layer}A(heads=2)\n`)).toMatchObject({
      problem: { heads: 2 },
      basis: { heads: 'call-site' },
    });
    expect(only(`${layer}A(heads=2)\nA(heads=4)\n`)).toMatchObject({
      problem: { heads: null },
      symbols: { heads: 'heads' },
      choices: { heads: [2, 4] },
    });
    expect(only(`${layer}A(heads=2)\nA()\n`).problem.heads).toBeNull();
    expect(only(`${layer}def build(n):\n    return A(heads=n * 2)\nbuild(3)\n`)).toMatchObject({
      problem: { heads: 6 },
      basis: { heads: 'call-site' },
    });
  });

  it('believes what is computed after the fields of a configuration, not the fields', () => {
    const code = `${torch}from dataclasses import dataclass\n@dataclass\nclass Args:\n    dim: int = 4096\n    n_head: int = 32\n    head_dim: int = 64\n    def __post_init__(self):\n        self.head_dim = self.dim // self.n_head\ndef attn(args: Args, x):\n    q = x.view(1, args.n_head, 16, args.head_dim)\n    return F.scaled_dot_product_attention(q, q, q)`;
    expect(only(code)).toMatchObject({ problem: { heads: 32, headDim: 128 }, basis: { headDim: 'default' } });
  });

  it('says that two sizes of one name are not one size', () => {
    const site = only(
      `${torch}from einops import rearrange\ndef attn(x, y):\n    q = rearrange(x, "b n (h d) -> b h n d", h=4)\n    k, v = [rearrange(y, "b n (h d) -> b h n d", h=4) for _ in range(2)]\n    return F.scaled_dot_product_attention(q, k, v)`,
    );
    expect(site.symbols.seqLenQ).toBe('n');
    expect(site.symbols.seqLenKv).toBeUndefined();
  });

  it('holds what a branch asserts for that branch alone', () => {
    const [one, other] = sitesIn(
      `${torch}def attn(q, k, v, single):\n    B, H, T, D = q.shape\n    if single:\n        assert B == 1\n        return F.scaled_dot_product_attention(q, q, q)\n    return F.scaled_dot_product_attention(q, q, q)`,
    );
    expect(one!.problem.batch).toBe(1);
    expect(other!).toMatchObject({ problem: { batch: null }, symbols: { batch: 'B' } });
  });

  it('does not carry a loop variable of one turn into all', () => {
    const site = only(
      `${torch}x = torch.zeros(1, 2, 16, 8)\nfor n in [16, 32]:\n    q = torch.zeros(1, 2, n, 8)\n    F.scaled_dot_product_attention(q, q, q)`,
    );
    expect(site).toMatchObject({
      problem: { heads: 2, seqLenQ: null },
      symbols: { seqLenQ: 'n' },
      choices: { n: [16, 32] },
    });
    const grown = only(
      `${torch}x = torch.zeros(1, 2, 16, 8)\nfor i in range(9):\n    x = torch.cat([x, x], dim=2)\n    F.scaled_dot_product_attention(x, x, x)`,
    );
    expect(grown.problem).toMatchObject({ batch: 1, heads: 2, seqLenQ: null, headDim: 8 });
  });

  it('reads sequence-first layers, and folded heads only where a product says so', () => {
    const site = only(
      `${torch}def attn(x, b, heads):\n    q = x.view(b * heads, 16, 8)\n    return F.scaled_dot_product_attention(q, q, q)`,
    );
    expect(site).toMatchObject({
      symbols: { batch: 'b', heads: 'heads' },
      problem: { seqLenQ: 16, headDim: 8 },
    });
    const plain = only(
      `${torch}def attn(x, n):\n    q = x.view(n, 16, 8)\n    return F.scaled_dot_product_attention(q, q, q)`,
    );
    expect(plain.problem.heads).toBeNull();
  });

  it('knows a mask for what it hides', () => {
    const call = (mask: string) =>
      only(`${torch}${made}F.scaled_dot_product_attention(q, q, q, attn_mask=${mask})`).problem;
    expect(call('torch.ones(16, 16).tril()')).toMatchObject({ causal: 'top-left', bias: false });
    expect(call('torch.zeros(16, 16)')).toMatchObject({ causal: null, bias: true });
    expect(call('mask')).toMatchObject({ causal: null, bias: null });
    expect(call('None')).toMatchObject({ causal: false, bias: false });
  });

  it('takes no dtype from a tensor whose dtype is changed to something unknown', () => {
    const call = (suffix: string) =>
      only(`${torch}q = torch.zeros(1, 2, 3, 4)${suffix}\nF.scaled_dot_product_attention(q, q, q)`).problem
        .dtype;
    expect(call('')).toBe('f32');
    expect(call('.half()')).toBe('f16');
    expect(call('.to("cuda")')).toBe('f32');
    expect(call('.to(dtype=torch.bfloat16)')).toBe('bf16');
    expect(call('.to(model_dtype)')).toBeNull();
    expect(call('.double()')).toBeNull();
  });

  it('knows a cache by what is in it, not by what fits', () => {
    const code = (lengths: string) =>
      `import torch\nfrom flash_attn import flash_attn_with_kvcache\nq = torch.zeros(2, 1, 4, 8)\nk = torch.zeros(2, 64, 4, 8)\nflash_attn_with_kvcache(q, k, k, cache_seqlens=${lengths})`;
    expect(only(code('17')).problem.seqLenKv).toBe(17);
    expect(only(code('torch.full((2,), 33)')).problem.seqLenKv).toBe(33);
    expect(only(code('lengths')).problem.seqLenKv).toBeNull();
  });

  it('finds calls inside functions inside functions, lambdas and comprehensions', () => {
    const code = `${torch}${made}def outer(n):\n    x = torch.zeros(1, n, 16, 8)\n    def inner():\n        return F.scaled_dot_product_attention(x, x, x)\n    run(lambda: F.scaled_dot_product_attention(q, q, q))\n    return inner, [F.scaled_dot_product_attention(y, y, y) for y in [q]]`;
    expect(sitesIn(code).map(({ line, problem }) => [line, problem.heads])).toEqual([
      [8, null],
      [9, 4],
      [10, 4],
    ]);
  });

  it('reads a class from the file that it is imported from, and says so', () => {
    const code = `${torch}from .sizes import Sizes\ndef attn(sizes: Sizes, x):\n    q = x.view(1, sizes.heads, 16, 8)\n    return F.scaled_dot_product_attention(q, q, q)`;
    const site = only(code, {
      '.sizes': 'from dataclasses import dataclass\n@dataclass\nclass Sizes:\n    heads: int = 40\n',
    });
    expect(site).toMatchObject({ problem: { heads: 40 }, basis: { heads: 'default' } });
    expect(site.evidence).toContainEqual({
      line: 4,
      text: 'heads: int = 40',
      kind: 'default',
      file: '.sizes.py',
    });
    expect(only(code)).toMatchObject({ problem: { heads: null }, symbols: { heads: 'sizes.heads' } });
  });

  it('reads grouped heads of an einsum, and its letters as names', () => {
    const site = only(
      `import jax\nimport jax.numpy as jnp\ndef attn(q, k, v):\n    logits = jnp.einsum("BTKGH,BSKH->BTKGS", q, k)\n    return jnp.einsum("BTKGS,BSKH->BTKGH", jax.nn.softmax(logits), v)`,
    );
    expect(site.symbols).toMatchObject({
      batch: 'B',
      heads: 'K * G',
      kvHeads: 'K',
      seqLenQ: 'T',
      seqLenKv: 'S',
      headDim: 'H',
    });
  });
});
