import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startGroup } from '../../../scripts/lib/processGroup.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attnprof-group-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that starts a child deaf to SIGTERM, writes both process ids to a file, and waits. */
function familyProgram(): { program: string; pidFile: string } {
  const pidFile = join(folder, 'pids');
  const program = join(folder, 'family.mjs');
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
     import { renameSync, writeFileSync } from 'node:fs';
     const deaf = "process.on('SIGTERM', () => {}); console.log('up'); setTimeout(() => {}, 60000)";
     const child = spawn(process.execPath, ['-e', deaf], { stdio: ['ignore', 'pipe', 'ignore'] });
     child.stdout.once('data', () => {
       writeFileSync(${JSON.stringify(`${pidFile}.new`)}, process.pid + ' ' + child.pid);
       renameSync(${JSON.stringify(`${pidFile}.new`)}, ${JSON.stringify(pidFile)});
     });
     setTimeout(() => {}, 60000);`,
  );
  return { program, pidFile };
}

async function pidsOf(pidFile: string): Promise<number[]> {
  const text = await vi.waitFor(() => readFileSync(pidFile, 'utf8'), { timeout: 10_000 });
  return text.split(' ').map(Number);
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has reaped yet runs no more.
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const gone = (pids: number[]) =>
  vi.waitFor(() => expect(pids.filter(lives)).toEqual([]), { timeout: 10_000, interval: 50 });

describe('a process group', () => {
  test('tells how its program ended', async () => {
    expect(await startGroup(process.execPath, ['-e', 'process.exit(7)']).exited).toBe(7);
    expect(await startGroup(process.execPath, ['-e', "process.kill(process.pid, 'SIGKILL')"]).exited).toBe(
      137,
    );
    expect(await startGroup(join(folder, 'no-such-program'), []).exited).toBe(127);
  });

  test('ends with everything in it, a child deaf to SIGTERM too', async () => {
    const { program, pidFile } = familyProgram();
    const group = startGroup(process.execPath, [program]);
    const pids = await pidsOf(pidFile);
    expect(pids.filter(lives)).toHaveLength(2);
    await group.stop(200);
    await gone(pids);
  });

  test('ends when its starter is killed and can do nothing about it', async () => {
    const { program, pidFile } = familyProgram();
    const module = pathToFileURL(join(import.meta.dirname, '../../../scripts/lib/processGroup.ts')).href;
    const starter = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `const { startGroup } = await import(${JSON.stringify(module)});
       startGroup(process.execPath, [${JSON.stringify(program)}]);`,
    ]);
    const pids = await pidsOf(pidFile);
    expect(pids.filter(lives)).toHaveLength(2);
    starter.kill('SIGKILL');
    await gone(pids);
  });
});
