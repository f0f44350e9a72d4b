import type { Cost } from '../cost/cost.ts';
import type { ProjectedStage } from './projection.ts';

/**
 * The stages of one of our own plans: its work, and the bytes of each stage. `bytesOf` gives bytes by stage where
 * a cache model knows better than the plan's accesses; `residentPerMultiprocessor` is that of its kernels.
 */
export function stagesOfCost(
  { work, traffic }: Pick<Cost, 'work' | 'traffic'>,
  options: { bytesOf?: (stage: string) => bigint | null; residentPerMultiprocessor?: number | null } = {},
): ProjectedStage[] {
  const bytes = new Map(
    traffic.stages.map(({ name, readBytes, writeBytes }) => [name, readBytes + writeBytes]),
  );
  const resident = options.residentPerMultiprocessor ?? null;
  return work.map((stage) => ({
    ...stage,
    bytes: options.bytesOf?.(stage.stage) ?? bytes.get(stage.stage) ?? 0n,
    ...(resident === null ? {} : { residentPerMultiprocessor: resident }),
  }));
}
