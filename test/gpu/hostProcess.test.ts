import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { childEnvironment } from '../../src/host/childEnvironment.ts';
import { createGpuHost, type GpuHostOptions, type SupervisedGpuHost } from '../../src/host/supervisor.ts';
import { copyRequest } from './host/copyPlan.ts';
import { makeDistFolder } from './host/distFolder.ts';
import { eventually, isRunning } from './host/processes.ts';

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanup.splice(0).reverse()) clean();
});

async function distFolder(options: Parameters<typeof makeDistFolder>[0] = {}): Promise<string> {
  const { path, remove } = await makeDistFolder(options);
  cleanup.push(remove);
  return path;
}

function hostOf(distFolder: string, options: Partial<GpuHostOptions> = {}): SupervisedGpuHost {
  const host = createGpuHost({ distFolder, ...options });
  cleanup.push(() => host.dispose());
  return host;
}

describe('a runtime that cannot read GPU memory, as Electron (a fixture throws as it does)', () => {
  it('is found out when the device opens, with the runtime and the setting named', async () => {
    const host = hostOf(await distFolder({ fixture: 'likeElectron' }));
    for (const attempt of [host.open('embedded'), host.measure('embedded', copyRequest()), host.devices()]) {
      const error = await attempt.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ kind: 'no-readback' });
      expect(String(error)).toContain('External buffers are not allowed');
      expect(String(error)).toContain(process.execPath);
      expect(String(error)).toContain('attentionProfiler.nodePath');
    }
  });
});

describe('a process that does not come up', () => {
  it('is not started for ever (a fixture exits at once)', async () => {
    const host = hostOf(await distFolder({ fixture: 'exiting' }));
    for (let attempt = 1; attempt <= 3; attempt++) {
      await expect(host.open('embedded')).rejects.toMatchObject({
        kind: 'start-failed',
        exit: { code: 3 },
        output: 'cannot open shared object file',
      });
    }
    await expect(host.open('embedded')).rejects.toThrow(/3 times in a row.*cannot open shared object/);
    host.clearQuarantine();
    await expect(host.open('embedded')).rejects.toMatchObject({ exit: { code: 3 } });
  });

  it('is ended when its driver stands still while it opens (a fixture blocks)', async () => {
    const host = hostOf(await distFolder({ fixture: 'blocking' }), { limits: { startPatienceMs: 1500 } });
    await expect(host.open('embedded')).rejects.toMatchObject({ kind: 'start-failed' });
    expect(host.processIds).toEqual([]);
  });

  it('says what is missing where Dawn is', async () => {
    const host = hostOf(await distFolder({ embedded: false, dawn: false }));
    await expect(host.open('auto')).rejects.toMatchObject({ kind: 'no-dawn' });
    await expect(host.open('auto')).rejects.toThrow(/Dawn.*does not load.*Install the build/);
  });

  it('says so where there is no embedded adapter', async () => {
    const host = hostOf(await distFolder({ embedded: false }));
    await expect(host.open('embedded')).rejects.toMatchObject({ kind: 'no-adapter' });
  });
});

describe('a parent that is killed', () => {
  it.each(['none', 'blocking'] as const)('leaves no process behind (fixture: %s)', async (fixture) => {
    const folder = await distFolder(fixture === 'none' ? {} : { fixture });
    const program = join(dirname(fileURLToPath(import.meta.url)), 'host/parent.ts');
    const parent = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    cleanup.push(() => parent.kill('SIGKILL'));
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString().trim());
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    expect(await eventually(() => !isRunning(pid), 5000)).toBe(true);
  });
});

describe('what the channel brings', () => {
  it('is refused where it is malformed, and the process lives on', async () => {
    const folder = await distFolder();
    const child = fork(join(folder, 'gpuHost.mjs'), [], {
      execArgv: [],
      env: childEnvironment('embedded', join(folder, 'embedded'), process.env),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    cleanup.push(() => child.kill('SIGKILL'));
    for (const junk of ['text', 7, [], {}, { jsonrpc: '2.0' }, { jsonrpc: '2.0', id: {}, method: [] }]) {
      child.send(junk as never);
    }
    const answers = await converse(child, [
      ['unheardOf', {}],
      ['open', null],
      ['open', { adapter: 5 }],
      ['open', ['embedded']],
      ['measure', copyRequest()],
      ['open', { adapter: 'embedded' }],
      ['measure', 'everything'],
      ['measure', { ...copyRequest(), modules: [] }],
      ['measure', { ...copyRequest(), plan: JSON.parse('{"__proto__": {"dispatches": []}}') }],
      ['measure', copyRequest()],
    ]);
    expect(answers.map(({ error }) => error?.data?.kind ?? error?.code ?? 'fine')).toEqual([
      -32601,
      'protocol',
      'protocol',
      'protocol',
      'protocol',
      'fine',
      'protocol',
      'protocol',
      'protocol',
      'fine',
    ]);
    expect(answers.at(-1)?.result).toMatchObject({ status: 'ok' });
    const exit = once(child, 'exit');
    child.disconnect();
    expect(await exit).toEqual([0, null]);
  });
});

interface Answer {
  id: number;
  result?: unknown;
  error?: { code: number; data?: { kind: string } };
}

/** Sends requests by hand, one after the other, and collects the answers. */
async function converse(child: ChildProcess, calls: [string, unknown][]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const [id, [method, params]] of calls.entries()) {
    const answered = new Promise<Answer>((resolve) => {
      const listen = (message: Answer): void => {
        if (message.id !== id) return;
        child.off('message', listen);
        resolve(message);
      };
      child.on('message', listen);
    });
    child.send({ jsonrpc: '2.0', id, method, params } as never);
    answers.push(await answered);
  }
  return answers;
}
