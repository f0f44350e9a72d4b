import type { Result } from '../../attention/shape.ts';
import {
  type DocumentDevice,
  type DocumentRun,
  formatVersion,
  type ProfileDocument,
} from '../document/schema.ts';
import { declaredRuns } from './missing.ts';
import { differenceOfDevices, differenceOfSweeps, runKey } from './same.ts';

/** A document to be joined with others, and the name that messages have for it. */
export interface NamedDocument {
  name: string;
  document: ProfileDocument;
}

/**
 * Joins documents of one sweep, shards of it for instance, into one. Devices stay apart; the same device in several
 * documents is one. A run that several documents have is taken once; one that failed gives way to one that did not;
 * two different measurements of one run on one device are refused, as are different versions of the tool.
 */
export function mergeSweeps(documents: readonly NamedDocument[]): Result<ProfileDocument> {
  const [first, ...others] = documents;
  if (!first) return fail('there is nothing to merge');
  const { sweep, tool } = first.document;
  if (!sweep) return fail(`${first.name} is no sweep: merge files that attnprof sweep wrote`);
  for (const { name, document } of others) {
    if (!document.sweep) return fail(`${name} is no sweep: merge files that attnprof sweep wrote`);
    const difference = differenceOfSweeps(sweep, document.sweep);
    if (difference !== null) {
      return fail(`${first.name} and ${name} are different sweeps: of ${first.name}, ${difference}`);
    }
    const versions = [tool, document.tool].map((each) => `${each.name} ${each.version}`);
    if (versions[0] !== versions[1]) {
      return fail(
        `${first.name} was written by ${versions[0]}, ${name} by ${versions[1]}: run one of them again`,
      );
    }
  }
  const devices: DocumentDevice[] = [];
  const taken = new Map<string, { name: string; run: DocumentRun }>();
  for (const { name, document } of documents) {
    const ids = new Map(document.devices.map((device) => [device.id, joinDevice(devices, device)]));
    for (const own of document.runs) {
      const run = { ...own, device: ids.get(own.device)! };
      const key = placeOf(run);
      const before = taken.get(key);
      if (!before || before.run.status === 'failed') taken.set(key, { name, run });
      else if (run.status !== 'failed' && !sameMeasurement(before.run, run)) {
        return fail(
          `${before.name} and ${name} both have ${run.algorithm} ${run.pass} at ${run.point} on the same device, ` +
            'with different results: leave one of them out',
        );
      }
    }
  }
  const places = declaredRuns(sweep);
  return {
    ok: true,
    value: {
      ...{ format: 'attnprof', version: formatVersion, tool, devices },
      createdAt: documents.map(({ document }) => document.createdAt).sort()[0]!,
      problems: first.document.problems,
      runs: devices.flatMap(({ id: device }) =>
        places.flatMap((place) => taken.get(placeOf({ ...place, device }))?.run ?? []),
      ),
      sweep: { ...sweep, shard: null },
    },
  };
}

/** The id of a device among those joined so far. Machines of one kind count as one device; rates are the first's. */
function joinDevice(devices: DocumentDevice[], device: DocumentDevice): string {
  // A number that an earlier merge gave is no difference.
  const plain = (id: string) => id.replace(/ \(\d+\)$/, '');
  const found = devices.find(
    (each) =>
      differenceOfDevices({ ...each, id: plain(each.id) }, { ...device, id: plain(device.id) }) === null,
  );
  if (found) {
    found.peaks ??= device.peaks;
    return found.id;
  }
  let id = device.id;
  for (let number = 2; devices.some((each) => each.id === id); number++)
    id = `${plain(device.id)} (${number})`;
  devices.push({ ...device, id });
  return id;
}

function placeOf(run: Pick<DocumentRun, 'device' | 'point' | 'algorithm' | 'pass'>): string {
  return `${runKey(run)}|${run.device}`;
}

/** Whether two runs are copies of one. What is modelled can be written anew when rates become known later. */
function sameMeasurement(a: DocumentRun, b: DocumentRun): boolean {
  const measured = ({ projection: _, traffic: { modelled: __, ...traffic }, ...run }: DocumentRun) =>
    JSON.stringify({ ...run, traffic });
  return measured(a) === measured(b);
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
