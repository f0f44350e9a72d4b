import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../scripts/lib/root.mjs';
import { parseRecording, type Recording } from '../../../src/shapes/recorded/recording.ts';

export const probe = join(projectRoot, 'src', 'python', 'probe.py');
/** Stand-ins with the parameters of flash-attn and xFormers, which need a GPU to be installed. */
const standIns = join(import.meta.dirname, 'site-packages');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder with a program in it, and what the probe recorded of its runs. */
export class ProbeRun {
  readonly folder = mkdtempSync(join(tmpdir(), 'attnprof-probe-'));
  readonly out = join(this.folder, 'recordings', 'run.jsonl');
  private readonly python: string;

  constructor(python: string) {
    this.python = python;
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  start(
    args: string[],
    { out = this.out, env = {} }: { out?: string; env?: Record<string, string> } = {},
  ): ChildProcess {
    return spawn(this.python, [probe, '--out', out, ...args], {
      cwd: this.folder,
      env: { ...process.env, PYTHONPATH: standIns, PYTHONDONTWRITEBYTECODE: '1', ...env },
    });
  }

  run(args: string[], options: { out?: string; env?: Record<string, string> } = {}): Promise<Finished> {
    return finished(this.start(args, options));
  }

  /** What the main process wrote. */
  recording(): Recording {
    return read(this.out);
  }

  /** What other processes wrote, by no order. */
  children(): Recording[] {
    const folder = join(this.out, '..');
    const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl') && name !== 'run.jsonl');
    return names.map((name) => read(join(folder, name)));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function finished(child: ChildProcess): Promise<Finished> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      said[name] += chunk;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, ...said };
}

function read(file: string): Recording {
  const recording = parseRecording(readFileSync(file, 'utf8'));
  if (!recording.ok) throw new Error(recording.error);
  return recording.value;
}
