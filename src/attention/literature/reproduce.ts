import { figure2LeftRows, figure2MiddleRows, memoryReductionRows, table21Rows } from './flash1Rows.ts';
import { kvCacheRows } from './kvCacheRows.ts';
import { projectionRows } from './projectionRows.ts';
import type { ReproduceRow } from './row.ts';

export { type NotReproduced, notReproduced } from './notReproduced.ts';

/** Published numbers beside ours, computed here and now, grouped by source in the order of publication. */
export function reproduceRows(): ReproduceRow[] {
  return [
    ...figure2LeftRows(),
    ...figure2MiddleRows(),
    ...table21Rows(),
    ...memoryReductionRows(),
    ...kvCacheRows(),
    ...projectionRows(),
  ];
}
