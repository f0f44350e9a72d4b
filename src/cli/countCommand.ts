import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { writeKernelInputs } from '../host/kernelInputs.ts';
import { createRunFolder, removeRunFolder } from '../host/runFolder.ts';
import { exampleManifest } from '../plans/userKernel/example.ts';
import { prepareKernel } from '../plans/userKernel/prepare.ts';
import { KernelProblem } from '../plans/userKernel/problem.ts';
import type { KernelCount } from '../profiler/kernelCount.ts';
import { kernelCountJson } from '../profiler/kernelCountJson.ts';
import { manifestPathOf, parseKernelManifest } from '../profiler/kernelManifest.ts';
import { countText } from './countText.ts';
import { readAdapter, readSeconds, readWhole } from './options.ts';
import { showProgress } from './progress.ts';
import type { CommandContext } from './services.ts';
import { styleFor } from './style.ts';
import { quote, WrongUse } from './wrongUse.ts';

export interface CountFlags {
  manifest?: string;
  adapter: string;
  repeats?: string;
  timeBudget: string;
  example?: boolean;
  json?: boolean;
}

const defaultRepeats = 10;

/** Counts and times a WGSL kernel of the user's own, and prints it line by line. Throws where it cannot. */
export async function runCount(file: string, flags: CountFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const adapter = readAdapter(flags.adapter);
  const repeats = flags.repeats === undefined ? null : readWhole('--repeats', flags.repeats, 1, 1000);
  const timeBudgetSeconds = readSeconds('--time-budget', flags.timeBudget);
  const source = readText(file);
  const manifestFile = flags.manifest ?? manifestPathOf(file);
  try {
    if (flags.example) {
      await terminal.out.write(exampleManifest(source));
      return;
    }
    const manifest = readManifest(manifestFile, flags, file, source);
    const prepared = await prepareKernel(basename(file), source, manifest);
    const count = await countPrepared(
      {
        prepared,
        name: basename(file),
        adapter,
        repeats: repeats ?? prepared.repeats ?? defaultRepeats,
        timeBudgetSeconds,
      },
      dirname(manifestFile),
      context,
    );
    await terminal.out.write(
      flags.json
        ? `${JSON.stringify(kernelCountJson(count), null, 2)}\n`
        : countText(count, source, styleFor(terminal)),
    );
    if (count.status === 'failed') throw new Error(`${file} failed: ${count.reason}`);
  } catch (error) {
    throw error instanceof KernelProblem ? new WrongUse(located(error, file, manifestFile)) : error;
  }
}

type CountRequest = Omit<Parameters<CommandContext['services']['countKernel']>[0], 'files'>;

async function countPrepared(
  request: CountRequest,
  manifestFolder: string,
  { services, terminal, signal }: CommandContext,
): Promise<KernelCount> {
  const { files } = request.prepared;
  const folder = files.length > 0 ? createRunFolder() : null;
  const progress = showProgress(terminal);
  try {
    if (folder !== null) writeKernelInputs(files, manifestFolder, folder);
    const inputs = files.map(({ buffer }) => buffer);
    const host = services.createHost();
    try {
      const tensors = folder === null ? null : { folder, inputs };
      return await services.countKernel({ ...request, files: tensors }, host, {
        signal,
        onProgress: progress.show,
      });
    } finally {
      host.dispose();
    }
  } finally {
    if (folder !== null) removeRunFolder(folder);
    await progress.end();
  }
}

/** Throws WrongUse with an example where there is none. */
function readManifest(manifestFile: string, flags: CountFlags, file: string, source: string) {
  if (flags.manifest === undefined && !existsSync(manifestFile)) {
    const example = JSON.stringify(JSON.parse(exampleManifest(source)));
    throw new WrongUse(
      `there is no ${quote(manifestFile)} beside the kernel: write one, ` +
        `"attnprof count ${basename(file)} --example" prints a start such as ${example}`,
    );
  }
  return parseKernelManifest(readText(manifestFile));
}

/** Node reads no text longer than half of this. */
const maxBytes = 2 ** 27;

function readText(file: string): string {
  try {
    const found = statSync(file);
    if (!found.isFile()) throw new WrongUse(`${quote(file)} is no file`);
    if (found.size > maxBytes)
      throw new WrongUse(`${quote(file)} has ${found.size} bytes, at most ${maxBytes} are read`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new WrongUse(
      `${quote(file)} ${code === 'ENOENT' ? 'does not exist' : `cannot be read, ${message}`}`,
    );
  }
}

/** `matmul.wgsl:12:5: what is wrong`. */
function located(
  { file: which, line, column, message }: KernelProblem,
  file: string,
  manifest: string,
): string {
  const place = [which === 'kernel' ? file : manifest, line, line === null ? null : column];
  return `${place.filter((part) => part !== null).join(':')}: ${message}`;
}
