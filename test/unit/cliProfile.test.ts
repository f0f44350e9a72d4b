import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
        ...{ dtype: 'f32', causal: false, seed: 0 },
      },
      algorithms: ['standard', 'flash2'],
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
