import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { guaranteedLimits } from '../../src/attention/limits.ts';
import { textStream } from '../../src/cli/streams.ts';
import type { DeviceListing } from '../../src/host/protocol.ts';
import type { VerifiedCase } from '../../src/profiler/verify.ts';
import { runFaked } from './cliFakes.ts';

describe('verify', () => {
  const passed: VerifiedCase = {
    ...{ algorithm: 'standard', pass: 'forward', options: 'b1 h2 n3', error: 1e-7, bound: 1e-5 },
    ...{ ok: true, reason: null },
  };
  const failed: VerifiedCase = {
    ...{ algorithm: 'flash2', pass: 'forward', options: 'b1 h2 n5', error: 0.5, bound: 2e-6 },
    ...{ ok: false, reason: 'error of O 5.00e-1 is above 2.00e-6' },
  };

  const coverage = { strength: 2, problems: 5, combinations: 563, covered: 200 };

  function verifier(cases: VerifiedCase[]) {
    const requests: unknown[] = [];
    return {
      requests,
      verify: async (request: { seed: number }) => {
        requests.push(request);
        const good = cases.filter(({ ok }) => ok).length;
        return {
          adapter: 'Fake GPU',
          seed: request.seed,
          coverage,
          cases,
          passed: good,
          failed: cases.length - good,
        };
      },
    };
  }

  test('passes its request on and prints the report as JSON', async () => {
    const { requests, verify } = verifier([passed]);
    const argv = [
      'verify',
      '--algorithms',
      'flash2',
      '--adapter',
      'embedded',
      '--cases',
      '3',
      '--seed',
      '9',
      '--json',
    ];
    const { code, out, error, hosts } = await runFaked(argv, { services: { verify } });
    expect({ code, error, hosts }).toEqual({ code: 0, error: '', hosts: { made: 1, disposed: 1 } });
    expect(requests).toEqual([
      { algorithms: ['flash2'], adapter: 'embedded', cases: 3, strength: 2, seed: 9 },
    ]);
    expect(JSON.parse(out)).toEqual({
      adapter: 'Fake GPU',
      seed: 9,
      coverage,
      cases: [passed],
      passed: 1,
      failed: 0,
    });
  });

  test('a failed case exits 1 and is named with its reason', async () => {
    const { verify } = verifier([passed, failed]);
    const { code, out, error } = await runFaked(['verify'], { services: { verify } });
    expect(code).toBe(1);
    expect(error).toBe('attnprof: 1 of 2 cases failed on Fake GPU\n');
    expect(out).toMatch(/^flash2 +forward +1 +1 +5\.00e-1 +2\.00e-6$/m);
    expect(out).toContain('flash2 forward b1 h2 n5: error of O 5.00e-1 is above 2.00e-6');
    expect(out).toContain('5 problems; 200 of 563 combinations of 2 options meet in them');
    expect(out).toContain('1 passed, 1 failed');
  });
});

describe('devices', () => {
  const listings: DeviceListing[] = [
    { choice: 'hardware', available: false, reason: 'No GPU adapter was found.', device: null },
    {
      choice: 'embedded',
      available: true,
      reason: null,
      device: {
        ...{
          id: 'x',
          name: 'Soft\u001b[31m GPU',
          vendor: 'v',
          architecture: 'a',
          driver: null,
          backend: null,
        },
        ...{ type: 'software', features: ['timestamp-query'], limits: guaranteedLimits, peaks: null },
      },
    },
  ];

  test('--json is an array of device objects with available', async () => {
    const { code, out } = await runFaked(['devices', '--json'], { listings });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([
      { adapter: 'hardware', available: false, reason: 'No GPU adapter was found.', id: null, name: null },
      { adapter: 'embedded', available: true, reason: null, id: 'x', type: 'software', driver: null },
    ]);
  });

  test('the table labels software, and no name drives the terminal', async () => {
    const { out } = await runFaked(['devices'], { listings });
    expect(out).toMatch(/^hardware +no +- +- +- +- +-$/m);
    expect(out).toMatch(/^embedded +yes +Soft \[31m GPU +software +134 MB +yes +no$/m);
    expect(out).toContain('hardware: No GPU adapter was found.');
    expect(out).toContain("A software adapter's times are not a GPU's");
    expect(out).not.toContain('\u001b');
  });

  test('a machine with no adapter at all', async () => {
    expect(await runFaked(['devices'])).toMatchObject({
      code: 0,
      out: 'No GPU adapter was found on this machine.\n',
    });
  });
});

describe('standard streams', () => {
  function failing(code: string) {
    return new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: no`), { code })),
    });
  }

  test('a reader that has gone is no error', async () => {
    const stream = textStream(failing('EPIPE') as never);
    await stream.write('one');
    await stream.write('two');
  });

  test('a full disk is one', async () => {
    await expect(textStream(failing('ENOSPC') as never).write('one')).rejects.toThrow(
      /could not be written: ENOSPC/,
    );
  });
});
