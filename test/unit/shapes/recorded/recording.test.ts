import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { liveShapeOf } from '../../../../src/shapes/recorded/liveShape.ts';
import { observedApis } from '../../../../src/shapes/recorded/observedApis.ts';
import { formatTensor } from '../../../../src/shapes/recorded/observedCall.ts';
import { RecordedRun } from '../../../../src/shapes/recorded/recordedRun.ts';
import { longestRecording, parseRecording } from '../../../../src/shapes/recorded/recording.ts';

const header = {
  ...{
    format: 'attnprof-recording',
    version: 1,
    state: 'ended',
    program: 'train.py',
    python: '3.12.1',
    process: 7,
  },
  ...{ startedAt: 1, seconds: 2.5, frameworks: { torch: '2.13.0' }, dropped: 0, unread: 0, compiled: 0 },
};
const query = { shape: [2, 8, 16, 32], dtype: 'float32', device: 'cpu' };
const sdpa = {
  ...{ count: 3, file: '/p/train.py', line: 12, api: 'torch.scaled_dot_product_attention' },
  tensors: { query, key: query, value: query },
  flags: {
    is_causal: true,
    scale: 0.5,
    window_size: [-1, 4],
    attn_mask: query,
    score_mod: { type: 'function' },
  },
};
const written = (...lines: unknown[]) => `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;

function parsed(text: string) {
  const recording = parseRecording(text);
  if (!recording.ok) throw new Error(recording.error);
  return recording.value;
}

describe('a recording', () => {
  test('reads back what the probe wrote', () => {
    const recording = parsed(written(header, sdpa, { ...sdpa, via: { file: '/lib/m.py', line: 3 } }));
    expect(recording).toMatchObject({ state: 'ended', program: 'train.py', seconds: 2.5, skipped: 0 });
    expect(recording.calls).toMatchObject([
      { ...sdpa, via: null },
      { ...sdpa, via: { file: '/lib/m.py', line: 3 } },
    ]);
  });

  test('of a process that was killed while another wrote is read as far as it goes', () => {
    const text = written(header, sdpa, sdpa);
    expect(parsed(text.slice(0, -20))).toMatchObject({ calls: [sdpa], skipped: 1 });
  });

  test('is refused in one line without a header that fits', () => {
    const wrong: [string, RegExp][] = [
      ['', /no recording/],
      ['{}', /no recording/],
      ['null\n', /no recording/],
      [written({ ...header, version: 2 }), /record the run again/],
      [written({ ...header, state: 'lost' }), /how its program ended/],
      [written({ ...header, frameworks: { torch: 2 } }), /damaged/],
      [written({ ...header, dropped: -1 }), /damaged/],
      [written({ ...header, seconds: 'long' }), /damaged/],
      ['x'.repeat(longestRecording + 1), /larger/],
      ['\n'.repeat(30_000), /lines/],
    ];
    for (const [text, error] of wrong) {
      const result = parseRecording(text);
      expect(result.ok ? 'read' : result.error).toMatch(error);
      expect(result.ok ? '' : result.error).not.toMatch(/\n/);
    }
  });

  test('skips and counts lines that are no calls', () => {
    const bad = [
      { ...sdpa, count: 0 },
      { ...sdpa, count: 1.5 },
      { ...sdpa, line: 0 },
      { ...sdpa, line: '12' },
      { ...sdpa, file: '' },
      { ...sdpa, file: 'x'.repeat(5000) },
      { ...sdpa, api: null },
      { ...sdpa, via: { file: '/x' } },
      { ...sdpa, tensors: { query: { ...query, shape: [1, -2] } } },
      { ...sdpa, tensors: { query: { ...query, shape: Array(99).fill(1) } } },
      { ...sdpa, tensors: { query: { ...query, dtype: 7 } } },
      { ...sdpa, tensors: [query] },
      { ...sdpa, flags: { a: [[[[[[1]]]]]] } },
      { ...sdpa, flags: { a: { nested: true } } },
      { ...sdpa, flags: Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`f${i}`, 1])) },
      [],
      'text',
      null,
    ];
    expect(parsed(written(header, ...bad, sdpa))).toMatchObject({ skipped: bad.length, calls: [sdpa] });
  });

  test('cannot reach the prototype of anything', () => {
    const line = JSON.stringify(sdpa).replace(
      '"is_causal":true',
      '"__proto__":{"type":"x"},"constructor":true',
    );
    const recording = parsed(`${JSON.stringify(header)}\n${line}\n`);
    expect(Object.getPrototypeOf(recording.calls[0]!.flags)).toBeNull();
    expect(liveShapeOf(recording.calls[0]!)).toMatchObject({
      ok: true,
      value: { problem: { causal: false } },
    });
    expect(({} as Record<string, unknown>).type).toBeUndefined();
  });
});

describe('hostile input', () => {
  test('any text is read or refused, never thrown over', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        for (const whole of [text, `${JSON.stringify(header)}\n${text}`]) {
          const result = parseRecording(whole);
          if (result.ok) for (const call of result.value.calls) liveShapeOf(call);
        }
      }),
    );
  });

  test('any call of any function, with any tensors and flags, is understood or refused in one line', () => {
    const dims = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.maxSafeNat()), { maxLength: 6 });
    const tensor = fc.record({
      shape: dims,
      dtype: fc.constantFrom('float32', 'float16', 'bool', 'int8', '__proto__', ''),
      device: fc.constantFrom('cpu', null),
    });
    const flag = fc.oneof(
      fc.constantFrom(null, true, false, -1, 0, 4, 0.5, 1e300, 'x'),
      tensor,
      fc.record({ type: fc.constantFrom('LowerTriangularMask', 'BlockDiagonalMask', 'toString') }),
      fc.array(fc.constantFrom(-1, 0, 3, null, 1e18), { maxLength: 3 }),
    );
    const names = [...['query', 'key', 'value', 'q', 'k', 'v', 'qkv', 'kv', 'k_cache', 'v_cache', 'src']];
    const flags = [
      ...['is_causal', 'causal', 'dropout_p', 'attn_mask', 'scale', 'window_size', 'softcap', 'alibi_slopes'],
      ...[
        'num_heads',
        'num_head',
        'training',
        'key_padding_mask',
        'cu_seqlens_q',
        'max_seqlen_q',
        'max_seqlen_k',
      ],
      ...[
        'cu_seqlens',
        'max_seqlen',
        'block_table',
        'page_table',
        'cache_seqlens',
        'attn_bias',
        'p',
        'bias',
        'mask',
      ],
      ...['local_window_size', 'learnable_sink', 'block_mask', 'cu_seq_q', 'max_q', 'max_k'],
    ];
    const subset = <T>(of: string[], value: fc.Arbitrary<T>) =>
      fc.dictionary(fc.constantFrom(...of), value, { maxKeys: 8 });
    // One shape for all tensors gets past the first checks now and then.
    const small = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 5 });
    const same = small.map((shape) => Object.fromEntries(names.map((name) => [name, { ...query, shape }])));
    const given = fc.oneof(subset(names, tensor), same);
    let understood = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(observedApis)),
        given,
        subset(flags, flag),
        (api, tensors, options) => {
          const line = { ...sdpa, api, tensors, flags: options };
          const [call] = parsed(written(header, line)).calls;
          if (!call) return;
          const shape = liveShapeOf(call);
          if (shape.ok) understood++;
          else expect(shape.error).not.toMatch(/\n/);
          for (const each of Object.values(call.tensors)) formatTensor(each);
        },
      ),
      { numRuns: 2000 },
    );
    expect(understood).toBeGreaterThan(20);
  });
});

describe('a run of several processes', () => {
  const recording = (...calls: unknown[]) => parsed(written({ ...header, dropped: 2, unread: 1 }, ...calls));

  test('adds up the same call and keeps the others apart, by file and line', () => {
    const other = { ...sdpa, line: 40, count: 1 };
    const run = new RecordedRun([recording(sdpa, other), recording({ ...sdpa, count: 5 })]);
    expect(run.at('/p/train.py', 12)).toMatchObject([{ count: 8 }]);
    expect(run.at('/p/train.py', 40)).toMatchObject([{ count: 1 }]);
    expect(run.at('/p/train.py', 13)).toEqual([]);
    expect(run.at('/p/other.py', 12)).toEqual([]);
    expect(run.linesOf('/p/train.py')).toEqual([12, 40]);
    expect(run.total).toBe(8 + 1 + 2 * 3);
  });

  test('shows a call at the line of the library that made it, too', () => {
    const run = new RecordedRun([recording({ ...sdpa, via: { file: '/lib/modeling.py', line: 99 } })]);
    expect(run.at('/lib/modeling.py', 99)).toEqual(run.at('/p/train.py', 12));
    expect(run.at('/p/train.py', 12)).toHaveLength(1);
    expect(run.total).toBe(3 + 3);
  });

  test('finds files of Windows whatever their drive letter and separators', () => {
    const run = new RecordedRun([recording({ ...sdpa, file: 'C:\\Work\\Train.py' })]);
    expect(run.at('c:/work/train.py', 12)).toHaveLength(1);
    expect(run.at('/work/train.py', 12)).toEqual([]);
  });
});

test('tensors are written as Python shows their sizes', () => {
  expect(formatTensor({ shape: [2, 8], dtype: 'float16', device: 'cuda:0' })).toBe('(2, 8) float16 cuda:0');
  expect(formatTensor({ shape: [5], dtype: 'int64', device: null })).toBe('(5,) int64');
  expect(formatTensor({ shape: [], dtype: 'float32', device: 'cpu' })).toBe('() float32 cpu');
});
