import { algorithmPass, type CatalogueRow, catalogue, findAlgorithm } from '../attention/catalogue.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import type { GpuHost, MeasureProgress } from '../host/protocol.ts';
import { documentDevice, documentOf, documentRun } from './document/encode.ts';
import { documentProblem } from './document/problem.ts';
import type { ProfileDocument } from './document/schema.ts';
import type { ProfileJob, ProfileProgress } from './job.ts';
import { measureRun, type RunResult } from './measureRun.ts';
import { ModelledRows } from './modelledRows.ts';
import type { StandIn } from './standIn.ts';
import { tool } from './tool.ts';

export interface ProfileOptions {
  signal?: AbortSignal;
  onProgress?: (progress: ProfileProgress) => void;
  /** Called after each run with everything measured so far, so that nothing is lost or has to wait. */
  onDocument?: (document: ProfileDocument) => void;
  now?: () => Date;
  /** The row of the device table whose caches are modelled; null leaves that out. */
  standIn?: (device: DeviceDescription) => StandIn | null;
}

/**
 * Runs a job on one device and returns the document. A run that does not fit, fails or hangs is a row of
 * the document; the job goes on. Throws `AbortError` when cancelled and `HostError` where no device opens.
 */
export async function profile(
  job: ProfileJob,
  host: GpuHost,
  options: ProfileOptions = {},
): Promise<ProfileDocument> {
  const { signal, onProgress, onDocument, now = () => new Date(), standIn } = options;
  const runs = runsOf(job);
  onProgress?.({ message: 'Opening the GPU', fraction: 0 });
  let device = await host.open(job.adapter, signal);
  const problem = documentProblem(job.problem);
  const finished: RunResult[] = [];
  const createdAt = now();
  const models = new ModelledRows(host, standIn);
  const documentSoFar = () =>
    documentOf({
      createdAt,
      tool,
      devices: [documentDevice(device)],
      problems: [problem],
      runs: finished.map((result) =>
        documentRun({
          ...result,
          ...models.of(result, job.problem, device),
          device: device.id,
          problem: problem.id,
        }),
      ),
    });
  for (const [index, { row, pass }] of runs.entries()) {
    signal?.throwIfAborted();
    const result = await measureRun(
      {
        row,
        pass,
        problem: job.problem,
        adapter: job.adapter,
        tiling: job.tiling,
        steps: {
          check: { rows: rowsToCheck(job.problem, pass) },
          count: true,
          time: { samples: job.repeats },
        },
        budgetMs: job.timeBudgetSeconds === null ? null : job.timeBudgetSeconds * 1000,
      },
      device,
      host,
      {
        ...(signal ? { signal } : {}),
        onProgress: (progress) => onProgress?.(inWords(row, pass, progress, index, runs.length)),
      },
    );
    finished.push(result);
    models.begin(result, job.problem, device);
    // Peaks are measured with the first timed run; the description has them from then on.
    device = await describeAgain(device, job, host, signal);
    onProgress?.({ message: `${nameOf(row, pass)}: ${result.status}`, fraction: (index + 1) / runs.length });
    onDocument?.(documentSoFar());
  }
  onProgress?.({ message: 'modelling caches', fraction: 1 });
  await models.settled();
  return documentSoFar();
}

/** A host that died in the last run may not open again; what is known of the device stands. */
async function describeAgain(
  device: DeviceDescription,
  job: ProfileJob,
  host: GpuHost,
  signal: AbortSignal | undefined,
): Promise<DeviceDescription> {
  try {
    return await host.open(job.adapter, signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    return device;
  }
}

/** Algorithms in the order asked for, each in every pass; what an algorithm cannot do is skipped in its place. */
function runsOf(job: ProfileJob) {
  return job.algorithms.flatMap((id) => {
    const row = findAlgorithm(id);
    if (!row) {
      const known = catalogue.map((each) => each.id).join(', ');
      throw new RangeError(`unknown algorithm "${id}": there are ${known}`);
    }
    return job.passes.map((pass) => ({ row, pass }));
  });
}

/** Multiply-adds that the float64 reference may take: about a second of one core. */
const referenceBudget = 5e8;

/** A gradient row takes the products of the forward pass, and as many again for dP and for dS times K. */
const passWork: Record<Pass, number> = { forward: 1, backward: 3 };

/** All rows of a small problem, else as many as the float64 reference can do in about a second. */
export function rowsToCheck(problem: Problem, pass: Pass): number | 'all' {
  const { batch, heads, seqLenQ, seqLenKv, headDim, headDimV } = problem;
  const affordable = Math.floor(referenceBudget / (passWork[pass] * seqLenKv * (headDim + headDimV)));
  return affordable >= batch * heads * seqLenQ ? 'all' : Math.max(64, affordable);
}

function nameOf(row: CatalogueRow, pass: Pass): string {
  return pass === 'forward' ? row.id : `${row.id} ${pass}`;
}

function inWords(
  row: CatalogueRow,
  pass: Pass,
  { phase, stage, fraction }: MeasureProgress,
  index: number,
  runs: number,
): ProfileProgress {
  const doing = {
    upload: 'generating inputs',
    compile: 'compiling',
    run: 'first run',
    check: 'comparing with float64',
    count: 'counting accesses',
    time: 'timing',
    readback: 'reading back',
  }[phase];
  const where = stage && algorithmPass(row, pass).stages.length > 1 ? ` (${stage})` : '';
  return {
    message: `${nameOf(row, pass)}: ${doing}${where}`,
    fraction: (index + Math.min(1, fraction)) / runs,
  };
}
