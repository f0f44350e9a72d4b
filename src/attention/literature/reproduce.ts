import { calibrations } from '../projection/validation/calibration.ts';
import { figure2LeftRows, figure2MiddleRows, memoryReductionRows, table21Rows } from './flash1Rows.ts';
import { kvCacheRows } from './kvCacheRows.ts';
import { projectionRows } from './projectionRows.ts';
import type { ReproduceRow } from './row.ts';

export { type NotReproduced, notReproduced } from './notReproduced.ts';

/**
 * Published numbers beside ours, computed here and now: accounts of bytes, FLOPs and memory, then projected
 * times and throughputs. Rows that the projection was fitted to say so.
 */
export function reproduceRows(): ReproduceRow[] {
  const fitted = new Set(calibrations.flatMap(({ cells }) => cells().map(({ id }) => id)));
  return [
    ...figure2LeftRows(),
    ...figure2MiddleRows(),
    ...table21Rows(),
    ...memoryReductionRows(),
    ...kvCacheRows(),
    ...projectionRows().map((row) => ({ ...row, fitted: fitted.has(row.id) })),
  ];
}
