import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectRoot } from '../../scripts/lib/root.mjs';
import { launchBrowser, Workbench, waitFor } from './harness/index.ts';

let port: number;

beforeEach(async () => {
  const probe = await listen(0);
  const address = probe.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  await close(probe);
});

afterEach(() => rmSync(dataFolder(), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

const dataFolder = () => join(projectRoot, '.tools', 'start', String(port));

async function listen(at: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(at, '127.0.0.1', resolve));
  return server;
}

const close = (server: Server) => new Promise((resolve) => server.close(resolve));

/** Runs `npm start` as a terminal does: in a process group of its own, which Ctrl-C goes to. */
function npmStart(args: string[]) {
  const child = spawn('npm', ['start', '--', ...args], { cwd: projectRoot, detached: true, stdio: 'pipe' });
  const printed = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed.text += chunk;
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid as number), name);
    } catch {
      // The group has ended already.
    }
  };
  return { printed, exited, signal };
}

/** Command lines of living processes that serve from this test's own data folder. */
function serverProcesses(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  });
  return lines.filter((line) => line.includes(`${dataFolder()}/`));
}

describe('npm start', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'serves VS Code on the sample workspace until %s, and leaves no process behind',
    async (signal) => {
      const started = npmStart(['--no-open', '--port', String(port)]);
      try {
        await waitFor(
          'the address',
          async () => started.printed.text.includes(`http://127.0.0.1:${port}/`),
          60_000,
        );
        expect(serverProcesses().length).toBeGreaterThan(0);
        const address = /http:\S+/.exec(started.printed.text)?.[0] as string;
        const browser = await launchBrowser();
        try {
          const workbench = await Workbench.open(browser, { url: () => address });
          await workbench.openEditor({ file: 'attention.py', line: 3 });
        } finally {
          await browser.close();
        }
        started.signal(signal);
        await started.exited;
        await waitFor('the last process to end', async () => serverProcesses().length === 0, 5000);
        await close(await listen(port));
      } finally {
        started.signal('SIGKILL');
      }
    },
    120_000,
  );

  test('names a port that is taken, and what to do', async () => {
    const taken = await listen(port);
    try {
      const started = npmStart(['--no-open', '--port', String(port)]);
      expect(await started.exited).toBe(1);
      expect(started.printed.text).toMatch(
        new RegExp(`Port ${port} cannot be used: another program.*--port N`),
      );
    } finally {
      await close(taken);
    }
  }, 60_000);

  test('says what is wrong with an argument', async () => {
    const started = npmStart(['--port', 'eighty']);
    expect(await started.exited).toBe(1);
    expect(started.printed.text).toMatch(
      /--port takes a number from 1 to 65535, not "eighty". Use: npm start/,
    );
  });
});
