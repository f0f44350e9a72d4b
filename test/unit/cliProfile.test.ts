import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/attention/catalogue.ts';
import { noOptions } from '../../src/attention/problem.ts';
import { profileText } from '../../src/cli/profileText.ts';
import type { Services } from '../../src/cli/services.ts';
import { styleFor } from '../../src/cli/style.ts';
import { writeDocument } from '../../src/profiler/document/write.ts';
import type { ProfileJob } from '../../src/profiler/job.ts';
import { runFaked } from './cliFakes.ts';
import { documents, sampleDocument } from './documentSamples.ts';

const shape = '1,8,512,64';
const text = writeDocument(sampleDocument());

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attnprof-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the job', () => {
  async function jobOf(...argv: string[]): Promise<ProfileJob> {
    let seen: ProfileJob | undefined;
    const profile = async (job: ProfileJob) => {
      seen = job;
      return sampleDocument();
    };
    expect((await runFaked(['profile', ...argv], { services: { profile } })).code).toBe(0);
    return seen!;
  }

  test('defaults', async () => {
    expect(await jobOf(shape)).toEqual({
      problem: {
        ...{ batch: 1, heads: 8, kvHeads: 8, seqLenQ: 512, seqLenKv: 512, headDim: 64, headDimV: 64 },
        ...noOptions,
        ...{ dtype: 'f32', seed: 0 },
      },
      algorithms: catalogue.map(({ id }) => id),
      passes: ['forward'],
      adapter: 'auto',
      tiling: null,
      repeats: 10,
      timeBudgetSeconds: null,
    });
  });

  test('every option', async () => {
    const options =
      '--algorithms flash2,standard,flash2 --causal-align top-left --adapter embedded --repeats 3';
    const more = '--tiling bc=16,br=32 --time-budget 2.5 --seed 7 --dtype f32 --pass forward';
    expect(
      await jobOf('b=1', 'h=8', 'kv=2', 'n=3', 'd=4', ...options.split(' '), ...more.split(' ')),
    ).toMatchObject({
      problem: { kvHeads: 2, seqLenKv: 3, causal: 'top-left', seed: 7 },
      algorithms: ['flash2', 'standard'],
      adapter: 'embedded',
      tiling: { br: 32, bc: 16 },
      repeats: 3,
      timeBudgetSeconds: 2.5,
    });
    expect((await jobOf(shape, '--causal')).problem.causal).toBe('bottom-right');
  });
});

describe('options of the problem', () => {
  async function problemOf(...argv: string[]) {
    let seen: ProfileJob | undefined;
    const profile = async (job: ProfileJob) => {
      seen = job;
      return sampleDocument();
    };
    const { code, error } = await runFaked(['profile', ...argv], { services: { profile } });
    expect({ code, error }).toEqual({ code: 0, error: '' });
    return seen!.problem;
  }

  test.each<[string, object]>([
    ['--window 128,0', { window: { left: 128, right: 0 } }],
    ['--window 128,-', { window: { left: 128, right: null } }],
    ['--window -,64', { window: { left: null, right: 64 } }],
    ['--window=inf,64', { window: { left: null, right: 64 } }],
    ['--window ,64', { window: { left: null, right: 64 } }],
    ['--lengths 512', { lengths: [512] }],
    ['--packed 500,12', { packed: [500, 12] }],
    ['--bias', { bias: { batch: 1, heads: 8 } }],
    ['--bias 1,1', { bias: { batch: 1, heads: 1 } }],
    ['--alibi --sinks', { alibi: true, sinks: true }],
    ['--softcap 30 --dropout .1', { softcap: 30, dropout: 0.1 }],
    ['--ring-devices 4', { ringDevices: 4 }],
    ['--dtype bf16', { dtype: 'bf16' }],
  ])('%s', async (options, expected) => {
    expect(await problemOf(shape, ...options.split(' '))).toMatchObject(expected);
  });
});

describe('what is printed', () => {
  test('--json prints the document and nothing else', async () => {
    const { code, out, error, hosts } = await runFaked(['profile', shape, '--json']);
    expect({ code, out, error }).toEqual({ code: 0, out: text, error: '' });
    expect(hosts).toEqual({ made: 1, disposed: 1 });
  });

  test('the table has every number with its provenance, and labels software', async () => {
    const document = sampleDocument();
    document.devices[0]!.type = 'software';
    const { code, out } = await runFaked(['profile', shape], { services: { profile: async () => document } });
    expect(code).toBe(0);
    expect(out).toContain("A software adapter: its times are not a GPU's");
    expect(out).toMatch(/^status +ok +skipped$/m);
    expect(out).toMatch(/^time, median +measured +2\.00 ms +-$/m);
    expect(out).toMatch(/^ {2}p25 to p75 +measured +1\.50 ms to 2\.50 ms +-$/m);
    expect(out).toMatch(/^bytes read +counted +18\.4 EB +-$/m);
    expect(out).toMatch(/^loads +exact += counted +-$/m);
    expect(out).toMatch(/^bytes moved +bound +18\.4 EB +-$/m);
    expect(out).toMatch(/^ {2}every buffer +exact += counted +-$/m);
    expect(out).toMatch(/^memory, peak +exact +4\.10 kB +-$/m);
    expect(out).toMatch(/^error of o, rel\. L2 +measured +1\.00e-7 +-$/m);
    expect(out).toContain('flash2 skipped: S needs 2.00 GB, the device binds 1.00 GB.');
  });

  test('counts that differ from the closed form are named', async () => {
    const document = sampleDocument();
    const exact = document.runs[0]!.traffic.exact!;
    for (const tally of [exact, exact.buffers.o!, exact.stages![1]!, exact.stages![1]!.buffers.o!])
      tally.stores = 13;
    const { out } = await runFaked(['profile', shape], { services: { profile: async () => document } });
    expect(out).toMatch(/^stores +exact +13 /m);
    expect(out).toMatch(/^ {2}every buffer +exact +NOT counted: o /m);
  });

  test('many runs: one table, a row for each run and stage, compared within a pass', async () => {
    const document = sampleDocument();
    const [standard] = document.runs;
    document.runs = (['forward', 'backward'] as const).flatMap((pass) =>
      ['flash2', 'standard', 'flash1', 'eager', 'ring'].map((algorithm) => ({
        ...structuredClone(standard!),
        ...{ algorithm, pass },
      })),
    );
    document.runs[7]!.errors.dq = { ...standard!.errors.o!, relativeL2: null, nonFinite: 3 };
    Object.assign(document.runs[4]!, { status: 'skipped', reason: 'ring: for one pass', time: null });
    const { out } = await runFaked(['profile', shape], { services: { profile: async () => document } });
    expect(out.match(/^algorithm /gm)).toHaveLength(1);
    expect(out).toContain('Attention forward and backward: b=1 h=2 kv=1 n=3 m=5 d=8, f32, causal top-left, ');
    expect(out.replace(/\s+/g, ' ')).toContain(
      'window 1 left, open right, key lengths 5, bias 1x2, ALiBi, dropout 0.1',
    );
    expect(out).toMatch(/^ +measured +counted +times +counted +exact +measured$/m);
    expect(out).toMatch(/^standard +forward +2\.00 ms +18\.4 EB +1\.00× +1\.15 E +yes +4\.10 kB +1\.00e-7$/m);
    expect(out).toMatch(/^ring +forward +skipped /m);
    expect(out).toMatch(/^flash1 +backward .* not finite$/m);
    expect(out.match(/^ {2}scores +1\.00 ms /gm)).toHaveLength(9);
    expect(out).toMatch(/^flash1 against standard: /m);
    expect(out).toMatch(/^flash1 backward against standard backward: /m);
    expect(out).not.toMatch(/backward against standard:/);
    expect(out).toContain('ring skipped: for one pass');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('two runs are compared, each factor with its provenance', async () => {
    const document = sampleDocument();
    const [standard] = document.runs;
    document.runs = [standard!, { ...structuredClone(standard!), algorithm: 'flash2' }];
    document.runs[1]!.time!.medianMs = 1.6;
    document.runs[1]!.memory!.peakBytes = 8192;
    const { out } = await runFaked(['profile', shape], { services: { profile: async () => document } });
    expect(out.replace(/\s+/g, ' ')).toContain(
      'flash2 against standard: 1.25× less time (measured), 1.00× fewer bytes moved (counted), 2.00× more memory (exact).',
    );
  });

  test('any document fits 100 columns, with no control character but the line feed', () => {
    const style = styleFor({ out: { isTty: false, write: async () => {} }, environment: {} } as never);
    fc.assert(
      fc.property(documents, (document) => {
        const shown = profileText(document, style);
        for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
        expect(shown).not.toMatch(/[^\P{Cc}\n]|NaN|undefined|Infinity/u);
      }),
      { numRuns: 100 },
    );
  });

  test('colour on a terminal only, and not against NO_COLOR', async () => {
    const colour = '\u001b[';
    expect((await runFaked(['profile', shape])).out).not.toContain(colour);
    expect((await runFaked(['profile', shape], { tty: true })).out).toContain(colour);
    expect(
      (await runFaked(['profile', shape], { tty: true, environment: { NO_COLOR: '1' } })).out,
    ).not.toContain(colour);
  });

  test('progress on a terminal only', async () => {
    const profile: Services['profile'] = async (_job, _host, options) => {
      options?.onProgress?.({ message: 'flash2: timing\n', fraction: 0.5 });
      return sampleDocument();
    };
    const argv = ['profile', shape, '--json'];
    expect((await runFaked(argv, { services: { profile } })).error).toBe('');
    const shown = await runFaked(argv, { services: { profile }, tty: true });
    expect(shown.error).toBe('\r\u001b[2K 50% flash2: timing\r\u001b[2K');
    expect(shown.out).toBe(text);
  });
});

describe('failures', () => {
  test('a failed run exits 1, and the document is printed all the same', async () => {
    const document = sampleDocument();
    document.runs[1]!.status = 'failed';
    document.runs[1]!.reason = 'The GPU process\nended.';
    const { code, out, error } = await runFaked(['profile', shape, '--json'], {
      services: { profile: async () => document },
    });
    expect(code).toBe(1);
    expect(JSON.parse(out).runs).toHaveLength(2);
    expect(error).toBe('attnprof: 1 of 2 runs failed: flash2: The GPU process ended.\n');
  });

  test('a host that cannot start exits 1 with its reason, and is disposed', async () => {
    const profile = async () => {
      throw new Error('No GPU adapter was found.\nInstall a driver.');
    };
    const result = await runFaked(['profile', shape, '--json'], { services: { profile } });
    expect(result).toMatchObject({ code: 1, out: '', hosts: { made: 1, disposed: 1 } });
    expect(result.error).toBe('attnprof: No GPU adapter was found. Install a driver.\n');
  });

  test('runs finished before the host broke down are printed', async () => {
    const profile: Services['profile'] = async (_job, _host, options) => {
      options?.onDocument?.(sampleDocument());
      throw new Error('The GPU process cannot be started again.');
    };
    const { code, out, error } = await runFaked(['profile', shape, '--json'], { services: { profile } });
    expect({ code, out }).toEqual({ code: 1, out: text });
    expect(error).toBe('attnprof: The GPU process cannot be started again.\n');
  });

  test('an interrupt keeps the runs that were finished', async () => {
    const controller = new AbortController();
    const profile: Services['profile'] = async (_job, _host, options) => {
      options?.onDocument?.(sampleDocument());
      controller.abort();
      controller.signal.throwIfAborted();
      return sampleDocument();
    };
    const { code, out } = await runFaked(['profile', '1,2,8,4', '--json'], {
      services: { profile },
      signal: controller.signal,
    });
    expect(code).toBe(130);
    expect(JSON.parse(out).runs.length).toBeGreaterThan(0);
  });

  test('an interrupt exits 130 without a word, and the host is disposed', async () => {
    const controller = new AbortController();
    const profile: Services['profile'] = async (_job, _host, options) => {
      controller.abort();
      options!.signal!.throwIfAborted();
      return sampleDocument();
    };
    const result = await runFaked(['profile', shape], { services: { profile }, signal: controller.signal });
    expect(result).toMatchObject({ code: 130, out: '', error: '', hosts: { made: 1, disposed: 1 } });
  });
});

describe('-o', () => {
  test('writes the document beside the table, leaves no other file, and replaces what was there', async () => {
    const file = join(folder, 'a.attnprof.json');
    writeFileSync(file, 'old');
    const { code, out } = await runFaked(['profile', shape, '-o', file]);
    expect(code).toBe(0);
    expect(out).toContain(`Written to ${file}`);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(readdirSync(folder)).toEqual(['a.attnprof.json']);
  });

  test('with --json both have the document', async () => {
    const file = join(folder, 'a.attnprof.json');
    const { out } = await runFaked(['profile', shape, '--json', '-o', file]);
    expect(out).toBe(text);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('a link stays a link', async () => {
    writeFileSync(join(folder, 'real.json'), 'old');
    symlinkSync('real.json', join(folder, 'link.json'));
    expect((await runFaked(['profile', shape, '-o', join(folder, 'link.json')])).code).toBe(0);
    expect(readFileSync(join(folder, 'real.json'), 'utf8')).toBe(text);
    expect(readdirSync(folder).sort()).toEqual(['link.json', 'real.json']);
  });

  test('a result that cannot be kept is printed instead, and the exit code says so', async () => {
    const profile = async () => {
      rmSync(folder, { recursive: true });
      return sampleDocument();
    };
    const file = join(folder, 'a.attnprof.json');
    const { code, out, error } = await runFaked(['profile', shape, '-o', file], { services: { profile } });
    expect(code).toBe(1);
    expect(out).toBe(text);
    expect(error).toMatch(
      /^attnprof: ".*a\.attnprof\.json" could not be written: its folder is gone; .* instead\n$/,
    );
  });
});
