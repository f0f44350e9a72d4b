import type { CatalogueRow } from '../attention/catalogue.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import type { RequestedTiling } from '../attention/tiling.ts';
import type { AdapterChoice, GpuHost, TensorFiles } from '../host/protocol.ts';
import type { ProfileProgress } from './job.ts';
import { measureRun, type RunResult } from './measureRun.ts';
import { rowsToCheck } from './rowsToCheck.ts';

/** One algorithm on tensors of the user's own. */
export interface FileRunRequest {
  row: CatalogueRow;
  problem: Problem;
  passes: Pass[];
  adapter: AdapterChoice;
  tiling: RequestedTiling | null;
  files: TensorFiles;
}

/**
 * Runs each pass once on the tensors of a folder and compares it with float64 of the same tensors, rounded
 * as they are stored; the outputs lie in the folder afterwards. Stops at the first pass that does not come
 * to its end: the last result says why. Throws as `measureRun`.
 */
export async function runOnFiles(
  request: FileRunRequest,
  host: GpuHost,
  options: { signal?: AbortSignal; onProgress?: (progress: ProfileProgress) => void } = {},
): Promise<{ device: DeviceDescription; results: RunResult[] }> {
  const { row, problem, passes, adapter, tiling, files } = request;
  const { signal, onProgress } = options;
  onProgress?.({ message: 'Opening the GPU', fraction: 0 });
  const device = await host.open(adapter, signal);
  const results: RunResult[] = [];
  for (const [index, pass] of passes.entries()) {
    const steps = { check: { rows: rowsToCheck(problem, pass) }, count: false, time: null };
    const result = await measureRun(
      { row, pass, problem, adapter, tiling, steps, budgetMs: null, files },
      device,
      host,
      {
        ...(signal ? { signal } : {}),
        onProgress: ({ phase, fraction }) =>
          onProgress?.({
            message: `${row.id} ${pass}: ${phase}`,
            fraction: (index + Math.min(1, fraction)) / passes.length,
          }),
      },
    );
    results.push(result);
    if (result.status !== 'ok') break;
  }
  return { device, results };
}
