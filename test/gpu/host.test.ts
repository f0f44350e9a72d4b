import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HostError } from '../../src/host/errors.ts';
import type { MeasureProgress } from '../../src/host/protocol.ts';
import { createGpuHost, type GpuHostOptions, type SupervisedGpuHost } from '../../src/host/supervisor.ts';
import { copyRequest } from './host/copyPlan.ts';
import { makeDistFolder } from './host/distFolder.ts';
import { eventually, isRunning } from './host/processes.ts';

const folders: (() => void)[] = [];
const hosts: SupervisedGpuHost[] = [];
let real = '';
let crashing = '';
let losing = '';

beforeAll(async () => {
  const made = await Promise.all([
    makeDistFolder(),
    makeDistFolder({ fixture: 'crashing' }),
    makeDistFolder({ fixture: 'losing' }),
  ]);
  folders.push(...made.map(({ remove }) => remove));
  [real, crashing, losing] = made.map(({ path }) => path) as [string, string, string];
});
afterEach(() => {
  for (const host of hosts.splice(0)) host.dispose();
});
afterAll(() => {
  for (const remove of folders) remove();
});

function hostOf(distFolder: string, options: Partial<GpuHostOptions> = {}): SupervisedGpuHost {
  const host = createGpuHost({ distFolder, ...options });
  hosts.push(host);
  return host;
}

async function failure(promise: Promise<unknown>): Promise<HostError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(HostError);
  return error as HostError;
}

/** A request that keeps the GPU busy for much longer than any test waits, in many short slices. */
function longRequest() {
  return copyRequest({ algorithm: 'long', samples: 100_000, elements: 1 << 20 });
}

describe('a GPU process on the embedded adapter', () => {
  it('opens, describes, measures and is kept for the next call', async () => {
    const host = hostOf(real);
    expect(host.processIds).toEqual([]);
    const device = await host.open('embedded');
    expect(device).toMatchObject({ vendor: 'google', architecture: 'swiftshader', type: 'software' });
    expect(device).toMatchObject({ name: 'SwiftShader Device (Subzero)', backend: 'vulkan' });
    const [pid] = host.processIds;
    const heard: MeasureProgress[] = [];
    const request = copyRequest({ samples: 3 });
    const measurement = await host.measure('embedded', request, { onProgress: (one) => heard.push(one) });
    expect(measurement).toMatchObject({ status: 'ok', memory: { peakBytes: 2 * 4096 * 4 } });
    expect(measurement.time?.samplesMs.length).toBeGreaterThan(0);
    expect(heard.map(({ phase }) => phase)).toContain('compile');
    expect(host.processIds).toEqual([pid]);
    expect((await host.open('embedded')).peaks).toMatchObject({ provenance: 'measured' });
    expect(host.processIds).toEqual([pid]);
  });

  it('is what "auto", "software" and its name come to where the machine has no driver of its own', async () => {
    const log: string[] = [];
    const host = hostOf(real, { log: (line) => log.push(line) });
    const devices = await host.devices();
    const system = devices.filter(({ choice, available }) => available && choice !== 'embedded');
    const device = await host.open('auto');
    if (system.length === 0) {
      expect(device.architecture).toBe('swiftshader');
      const [pid] = host.processIds;
      await host.open('software');
      expect(host.processIds).toEqual([pid]);
      expect(await failure(host.open('hardware'))).toMatchObject({ kind: 'no-adapter' });
    } else {
      expect(system.map((row) => row.device?.name)).toContain(device.name);
    }
    expect((await host.open('swiftSHADER')).architecture).toBe('swiftshader');
    const missing = await failure(host.open('Voodoo 2'));
    expect(missing.kind).toBe('no-adapter');
    expect(missing.message).toMatch(/"Voodoo 2".*choose "embedded"/);
  });

  it('lists every adapter, each with its device or the reason why not, and leaves no process', async () => {
    const host = hostOf(real);
    const devices = await host.devices();
    const embedded = devices.find(({ choice }) => choice === 'embedded');
    expect(embedded).toMatchObject({ available: true, reason: null, device: { type: 'software' } });
    for (const { available, reason, device } of devices) {
      expect(available).toBe(device !== null);
      expect(available).toBe(reason === null);
    }
    expect(host.processIds).toEqual([]);
  });

  it('ends when it has been idle, and not before', async () => {
    const host = hostOf(real, { limits: { idleMs: 300 } });
    const first = await host.measure('embedded', copyRequest());
    expect(first.status).toBe('ok');
    const [pid] = host.processIds;
    expect(await eventually(() => !isRunning(pid!), 5000)).toBe(true);
    expect((await host.measure('embedded', copyRequest())).status).toBe('ok');
  });
});

describe('a plan that hangs', () => {
  it('is ended, named with its stage, quarantined, and others run', async () => {
    const host = hostOf(real, { limits: { maxPatienceMs: 2500 } });
    await host.open('embedded');
    const [pid] = host.processIds;
    const endless = copyRequest({ kernel: 'endless' });
    const hang = await failure(host.measure('embedded', endless));
    expect(hang).toMatchObject({
      kind: 'hang',
      plan: { algorithm: 'endless', pass: 'forward' },
      progress: { stage: 'copy' },
    });
    expect(hang.message).toMatch(/endless forward.*stage "copy".*no sign of life for.*not run again/);
    expect(isRunning(pid!)).toBe(false);

    const refused = await failure(host.measure('embedded', endless));
    expect(refused.kind).toBe('quarantined');
    expect(refused.message).toContain('hung');
    expect((await host.measure('embedded', copyRequest())).status).toBe('ok');

    host.clearQuarantine();
    expect((await failure(host.measure('embedded', endless))).kind).toBe('hang');
  });
});

describe('a plan that crashes the process (a fixture aborts it while it compiles)', () => {
  it('is reported with stage, signal and last words, quarantined, and others run', async () => {
    const log: string[] = [];
    const host = hostOf(crashing, { log: (line) => log.push(line) });
    const crash = await failure(host.measure('embedded', copyRequest({ algorithm: 'crashes' })));
    expect(crash).toMatchObject({
      kind: 'crash',
      exit: { code: null, signal: 'SIGABRT' },
      plan: { algorithm: 'crashes' },
      progress: { phase: 'compile', stage: 'copy' },
    });
    expect(crash.message).toMatch(/SIGABRT.*crashes forward.*compiling, stage "copy".*not run again/);
    expect(crash.output).toContain('driver: assertion failed in pass 7');
    expect(log.join('\n')).toContain('driver: assertion failed in pass 7');
    const again = await failure(host.measure('embedded', copyRequest({ algorithm: 'crashes' })));
    expect(again.kind).toBe('quarantined');
    expect((await host.measure('embedded', copyRequest())).status).toBe('ok');
  });
});

describe('a device that is lost (a fixture destroys it while it compiles)', () => {
  it('fails the measurement, and the next one has a new process', async () => {
    const host = hostOf(losing);
    await host.open('embedded');
    const [pid] = host.processIds;
    const lost = await host.measure('embedded', copyRequest({ algorithm: 'loses' }));
    expect(lost.status).toBe('failed');
    expect(lost.reason).toMatch(/lost|destroyed/i);
    expect((await host.measure('embedded', copyRequest())).status).toBe('ok');
    expect(host.processIds).not.toContain(pid);
  });
});

describe('a process that is killed from outside', () => {
  it('fails the measurement; the same plan runs at the next try', async () => {
    const host = hostOf(real);
    const running = failure(
      host.measure('embedded', longRequest(), {
        onProgress: ({ phase }) => {
          if (phase === 'time') process.kill(host.processIds[0]!, 'SIGKILL');
        },
      }),
    );
    const killed = await running;
    expect(killed).toMatchObject({
      kind: 'killed',
      exit: { signal: 'SIGKILL' },
      plan: { algorithm: 'long' },
    });
    expect(killed.message).toMatch(/ended from outside \(signal SIGKILL\).*Run it again/);
    const next = await host.measure('embedded', { ...longRequest(), budgetMs: 1500 });
    expect(['ok', 'stopped']).toContain(next.status);
  });

  it('and that was idle is replaced without a word', async () => {
    const host = hostOf(real);
    await host.open('embedded');
    const [pid] = host.processIds;
    process.kill(pid!, 'SIGKILL');
    expect(await eventually(() => host.processIds.length === 0, 5000)).toBe(true);
    expect((await host.measure('embedded', copyRequest())).status).toBe('ok');
  });
});

describe('a cancellation', () => {
  it('ends a measurement within its grace, and the process serves on', async () => {
    const host = hostOf(real);
    const aborter = new AbortController();
    let abortedAt = 0;
    const error = await failure(
      host.measure('embedded', longRequest(), {
        signal: aborter.signal,
        onProgress: ({ phase }) => {
          if (phase !== 'time' || abortedAt > 0) return;
          abortedAt = Date.now();
          aborter.abort();
        },
      }),
    );
    expect(error).toMatchObject({ kind: 'cancelled', name: 'AbortError' });
    expect(Date.now() - abortedAt).toBeLessThan(4000);
    expect((await host.measure('embedded', copyRequest())).status).toBe('ok');
  });

  it('ends the process of a kernel that does not let it answer', async () => {
    const host = hostOf(real, { limits: { cancelGraceMs: 300 } });
    const aborter = new AbortController();
    const error = await failure(
      host.measure('embedded', copyRequest({ kernel: 'endless' }), {
        signal: aborter.signal,
        onProgress: ({ phase }) => {
          if (phase !== 'compile' && phase !== 'upload') aborter.abort();
        },
      }),
    );
    expect(error.kind).toBe('cancelled');
    expect((await host.measure('embedded', copyRequest())).status).toBe('ok');
  });

  it('before the start costs nothing', async () => {
    const host = hostOf(real);
    const error = await failure(host.open('embedded', AbortSignal.abort()));
    expect(error.kind).toBe('cancelled');
    expect(host.processIds).toEqual([]);
  });
});

describe('a host that is shut down', () => {
  it('rejects what runs and what waits, and ends its processes', async () => {
    const host = hostOf(real);
    await host.open('embedded');
    const [pid] = host.processIds;
    const running = failure(host.measure('embedded', longRequest()));
    const waiting = failure(host.open('embedded'));
    setTimeout(() => host.dispose(), 300);
    expect((await running).kind).toBe('disposed');
    expect((await waiting).kind).toBe('disposed');
    expect(await eventually(() => !isRunning(pid!), 5000)).toBe(true);
    expect((await failure(host.open('embedded'))).kind).toBe('disposed');
  });
});
