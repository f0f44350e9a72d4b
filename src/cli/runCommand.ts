import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Dtype, Pass, Problem } from '../attention/problem.ts';
import { encodeNpy, type NpyArray } from '../host/npy.ts';
import { createRunFolder, readTensor, removeRunFolder, writeTensor } from '../host/runFolder.ts';
import { documentProblem } from '../profiler/document/problem.ts';
import type { RunResult } from '../profiler/measureRun.ts';
import { biasOfTensor, readNpyFile, shapeOfTensors } from './npyFiles.ts';
import { checkSupport, readAdapter, readAlgorithms, readTiling } from './options.ts';
import { writeOutputFile } from './outputFile.ts';
import { type ProblemFlags, readProblem } from './problemOptions.ts';
import { runName } from './profileRows.ts';
import { showProgress } from './progress.ts';
import { type RunReport, runText, type WrittenTensor } from './runText.ts';
import type { CommandContext } from './services.ts';
import { styleFor } from './style.ts';
import { quote, WrongUse } from './wrongUse.ts';

/** The default of --dtype. */
export const typeOfFiles = 'that of the files';

export interface RunFlags extends ProblemFlags {
  q: string;
  k: string;
  v: string;
  dout?: string;
  algorithm: string;
  out: string;
  adapter: string;
  tiling?: string;
  json?: boolean;
}

/** What a command line of `run` asks for, its files read and checked. */
interface RunJob {
  row: ReturnType<typeof readAlgorithms>[number];
  problem: Problem;
  passes: Pass[];
  /** By the names of the plans' input buffers. */
  inputs: Map<string, Float32Array>;
}

/** Runs one algorithm on tensors from files and writes what it makes of them. Throws where it cannot. */
export async function runRun(flags: RunFlags, { services, terminal, signal }: CommandContext): Promise<void> {
  const adapter = readAdapter(flags.adapter);
  const tiling = flags.tiling === undefined ? null : readTiling(flags.tiling);
  const { row, problem, passes, inputs } = readRunJob(flags);
  makeOutputFolder(flags.out);

  const progress = showProgress(terminal);
  const folder = createRunFolder();
  const host = services.createHost();
  let report: RunReport;
  let last: RunResult | undefined;
  try {
    for (const [name, values] of inputs) writeTensor(folder, name, values);
    const files = { folder, inputs: [...inputs.keys()] };
    const { device, results } = await services.runOnFiles(
      { row, problem, passes, adapter, tiling, files },
      host,
      { signal, onProgress: progress.show },
    );
    signal.throwIfAborted();
    last = results.at(-1);
    report = {
      algorithm: row.id,
      adapter: device.name,
      software: device.type === 'software',
      problem: documentProblem(problem),
      outputs: keepOutputs(flags.out, folder, problem, results),
    };
  } finally {
    host.dispose();
    removeRunFolder(folder);
    await progress.end();
  }
  await terminal.out.write(
    flags.json ? `${JSON.stringify(report, null, 2)}\n` : runText(report, styleFor(terminal)),
  );
  if (last && last.status !== 'ok') throw new Error(`${runName(last)} ${last.status}: ${last.reason}`);
}

/** Everything about the files and options that can be wrong is found here, before a GPU is touched. */
function readRunJob(flags: RunFlags): RunJob {
  const rows = readAlgorithms(flags.algorithm);
  const row = rows[0]!;
  if (rows.length !== 1) throw new WrongUse(`--algorithm ${quote(flags.algorithm)}: give one algorithm`);
  const arrays = {
    q: readNpyFile('--q', flags.q),
    k: readNpyFile('--k', flags.k),
    v: readNpyFile('--v', flags.v),
    dout: flags.dout === undefined ? null : readNpyFile('--dout', flags.dout),
  };
  const shape = shapeOfTensors(arrays);
  const inputs = new Map([
    ['q', arrays.q.values],
    ['k', arrays.k.values],
    ['v', arrays.v.values],
  ]);
  if (arrays.dout) inputs.set('dout', arrays.dout.values);
  let { bias } = flags;
  if (typeof bias === 'string' && /\.npy$/i.test(bias)) {
    const array = readNpyFile('--bias', bias);
    const { batch, heads } = biasOfTensor(array, shape);
    bias = `${batch},${heads}`;
    inputs.set('bias', array.values);
  }
  const dtype = flags.dtype === typeOfFiles ? storedType([arrays.q, arrays.k, arrays.v]) : flags.dtype;
  const problem = readProblem(shape, { ...flags, dtype, ...(bias === undefined ? {} : { bias }) });
  const passes: Pass[] = arrays.dout ? ['forward', 'backward'] : ['forward'];
  checkSupport(row.id, rows, problem, passes);
  return { row, problem, passes, inputs };
}

/** Tensors that are all f16 are stored as f16; anything else as f32. */
function storedType(arrays: readonly NpyArray[]): Dtype {
  return arrays.every(({ dtype }) => dtype === 'f16') ? 'f16' : 'f32';
}

/** Throws WrongUse. */
function makeOutputFolder(folder: string): void {
  if (folder === '') throw new WrongUse('--out is empty: give a folder for o.npy and the others');
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'there is a file in its place' : message;
    throw new WrongUse(`--out ${quote(folder)} cannot be used, ${why}: choose another folder`);
  }
}

/** Writes what the run left in its folder as .npy files, each with its error. Throws where one cannot be kept. */
function keepOutputs(
  out: string,
  folder: string,
  problem: Problem,
  results: readonly RunResult[],
): WrittenTensor[] {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } = problem;
  const shapes: Record<string, number[]> = {
    o: [batch, heads, seqLenQ, headDimV],
    lse: [batch, heads, seqLenQ],
    dq: [batch, heads, seqLenQ, headDim],
    dk: [batch, kvHeads, seqLenKv, headDim],
    dv: [batch, kvHeads, seqLenKv, headDimV],
  };
  const errors = Object.assign({}, ...results.map(({ measurement }) => measurement?.errors ?? {}));
  return Object.entries(shapes).flatMap(([name, shape]) => {
    const values = readTensor(folder, name);
    if (!values) return [];
    // bf16 has no type of its own in numpy: as f32 its values are exact.
    const dtype = problem.dtype === 'f16' && name !== 'lse' ? 'f16' : 'f32';
    const file = join(out, `${name}.npy`);
    const lost = writeOutputFile(file, encodeNpy({ dtype, shape, values }));
    if (lost !== null) throw new Error(lost);
    return [{ name, file, shape, dtype, error: errors[name] ?? null }];
  });
}
