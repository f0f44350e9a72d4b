import { type GpuModel, gibibyte } from '../attention/devices/device.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import { implementations } from '../attention/projection/implementations.ts';
import { parseShape } from '../attention/shape.ts';
import { writeDocument } from '../profiler/document/write.ts';
import { type ModelJob, model } from '../profiler/model.ts';
import { readGpu, readGpuTable } from './gpuTable.ts';
import { modelText } from './modelText.ts';
import * as options from './options.ts';
import { checkOutputFile, writeOutputFile } from './outputFile.ts';
import { type ProblemFlags, readProblem } from './problemOptions.ts';
import type { CommandContext } from './services.ts';
import { styleFor } from './style.ts';
import { oneLine, quote, WrongUse } from './wrongUse.ts';

/** As commander hands them over: text, still to be read. */
export interface ModelFlags extends ProblemFlags {
  device: string;
  deviceTable?: string;
  memory?: string;
  algorithms: string;
  implementations: string;
  pass: string;
  tiling?: string;
  assumptions?: boolean;
  json?: boolean;
  output?: string;
}

/** The job that a command line describes. Throws WrongUse. */
export function readModelJob(shapeText: string, flags: ModelFlags): ModelJob {
  const shape = parseShape(shapeText);
  if (!shape.ok) throw new WrongUse(shape.error);
  const rows = options.readAlgorithms(flags.algorithms);
  const problem = readProblem(shape.value, flags);
  const passes = options.readPasses(flags.pass);
  options.checkSupport(flags.algorithms, rows, problem, passes);
  const row = readGpu('--device', flags.device, readGpuTable(flags.deviceTable));
  const gpu = flags.memory === undefined ? row : { ...row, memoryBytes: readMemory(flags.memory) };
  return {
    problem,
    algorithms: rows.map(({ id }) => id),
    implementations: readImplementations(flags.implementations, problem, passes, gpu),
    passes,
    gpu,
    tiling: flags.tiling === undefined ? null : options.readTiling(flags.tiling),
  };
}

/** Costs, projects, prints and keeps the result; no GPU is touched. */
export async function runModel(
  shapeText: string,
  flags: ModelFlags,
  { terminal }: CommandContext,
): Promise<void> {
  const job = readModelJob(shapeText, flags);
  if (flags.output !== undefined) checkOutputFile(flags.output);
  const document = model(job);
  const json = writeDocument(document);
  const lost = flags.output === undefined ? null : writeOutputFile(flags.output, json);
  const kept = flags.output === undefined ? '' : `\nWritten to ${oneLine(flags.output)}\n`;
  await terminal.out.write(
    flags.json || lost !== null
      ? json
      : modelText(document, job, styleFor(terminal), { assumptions: flags.assumptions ?? false }) + kept,
  );
  if (lost !== null) throw new Error(`${lost}; the result was printed on standard output as JSON instead`);
}

/** GiB as data sheets have them, 24 or 0.5; bytes. */
function readMemory(text: string): number {
  const gibibytes = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(gibibytes > 0)) throw new WrongUse(`--memory ${quote(text)} is not possible: give GiB, 24 or 0.5`);
  return Math.floor(gibibytes * gibibyte);
}

/** `all`, `none`, or ids separated by commas; one that is named must do what is asked in some pass. */
function readImplementations(
  text: string,
  problem: Problem,
  passes: readonly Pass[],
  gpu: GpuModel,
): ModelJob['implementations'] {
  if (text === 'all') return implementations;
  if (text === 'none') return [];
  const known = `the implementations are ${implementations.map(({ id }) => id).join(', ')}, all or none`;
  return [...new Set(text.split(',').map((part) => part.trim()))].map((id) => {
    const found = implementations.find((each) => each.id === id);
    if (!found) throw new WrongUse(`unknown implementation ${quote(id)}: ${known}`);
    const reasons = passes.map((pass) => found.unsupported(problem, pass, gpu));
    if (!reasons.includes(null)) throw new WrongUse(`${found.title} on ${gpu.name}: ${reasons[0]}`);
    return found;
  });
}
