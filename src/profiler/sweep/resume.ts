import type { Result } from '../../attention/shape.ts';
import type { DocumentDevice, DocumentRun, DocumentSweep, ProfileDocument } from '../document/schema.ts';
import type { Series } from '../series.ts';
import { tool } from '../tool.ts';
import { differenceOfDevices, differenceOfSweeps, runKey } from './same.ts';

/**
 * What can be kept of an earlier document of the same sweep and shard, or one line on why it is of something else.
 * Runs that were measured or ran out of their budget are kept; failed ones are tried again; skipped ones cost nothing
 * and are found anew. `peaksFor` throws where the device is another.
 */
export function resumeOf(
  earlier: ProfileDocument,
  declaration: DocumentSweep,
): Result<NonNullable<Series['earlier']>> {
  const { sweep, devices, runs } = earlier;
  const refuse = (what: string) => ({ ok: false as const, error: `the file ${what}` });
  if (!sweep) return refuse('holds a result that is no sweep');
  const difference = differenceOfSweeps(sweep, declaration) ?? differenceOfShards(sweep, declaration);
  if (difference !== null) return refuse(`holds another sweep: ${difference}`);
  if (earlier.tool.name !== tool.name || earlier.tool.version !== tool.version) {
    return refuse(`was written by ${earlier.tool.name} ${earlier.tool.version}, this is ${tool.version}`);
  }
  if (devices.length > 1) return refuse(`holds ${devices.length} devices, joined by a merge`);
  const [device] = devices;
  const kept = new Map(
    runs
      .filter(({ status }) => status === 'ok' || status === 'stopped')
      .map((run) => [runKey(run), run] as const),
  );
  return {
    ok: true,
    value: {
      createdAt: new Date(earlier.createdAt),
      runOf: ({ row, pass, point }): DocumentRun | null =>
        kept.get(runKey({ algorithm: row.id, pass, point })) ?? null,
      peaksFor: (now: DocumentDevice) => {
        const other = device ? differenceOfDevices(device, now) : null;
        if (other !== null) {
          throw new Error(
            `the sweep was begun on another device: ${other}; run it there, or write to another file`,
          );
        }
        return device?.peaks ?? null;
      },
    },
  };
}

function differenceOfShards({ shard: before }: DocumentSweep, { shard: now }: DocumentSweep): string | null {
  const words = (shard: DocumentSweep['shard']) =>
    shard ? `shard ${shard.index}/${shard.count}` : 'the whole';
  return words(before) === words(now) ? null : `it is ${words(before)}, not ${words(now)}`;
}
