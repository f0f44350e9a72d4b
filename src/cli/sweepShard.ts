import type { Shard } from '../profiler/sweep/shard.ts';
import { maxShards } from '../profiler/sweep/shard.ts';
import { quote, WrongUse } from './wrongUse.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const right = 'give --shard I/N with I from 1 to N, --shard auto or --shard auto/N';

/**
 * `2/4`, counted from 1; `auto` takes index and count from a Slurm job array, `auto/4` the index from a Kubernetes
 * Indexed Job, whose pods are not told how many they are. Throws WrongUse.
 */
export function readShard(text: string, environment: Environment): Shard {
  const [, index, count] = /^\s*(auto|\d{1,6})(?:\/(\d{1,6}))?\s*$/.exec(text) ?? [];
  if (index === undefined) throw new WrongUse(`--shard ${quote(text)} is not understood: ${right}`);
  const given = count === undefined ? null : Number(count);
  const shard =
    index === 'auto' ? fromEnvironment(given, environment) : { index: Number(index), count: given };
  if (shard.count === null) throw new WrongUse(`--shard ${quote(text)} does not say of how many: ${right}`);
  if (shard.count < 1 || shard.count > maxShards) {
    throw new WrongUse(`--shard ${quote(text)} has ${shard.count} parts: give from 1 to ${maxShards}`);
  }
  if (shard.index < 1 || shard.index > shard.count) {
    throw new WrongUse(`--shard ${shard.index}/${shard.count} is not possible: ${right}`);
  }
  return { index: shard.index, count: shard.count };
}

function fromEnvironment(
  count: number | null,
  environment: Environment,
): { index: number; count: number | null } {
  if (environment.SLURM_ARRAY_TASK_ID !== undefined) return fromSlurm(count, environment);
  const index = wholeNumber('JOB_COMPLETION_INDEX', environment);
  if (index === null) {
    throw new WrongUse(
      '--shard auto finds neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX: run it in a Slurm job array or ' +
        'a Kubernetes Indexed Job, or give --shard I/N',
    );
  }
  if (count === null) {
    throw new WrongUse(
      '--shard auto has JOB_COMPLETION_INDEX, which does not say of how many: give --shard auto/N with N as ' +
        "the job's completions",
    );
  }
  return { index: index + 1, count };
}

/** An array may start anywhere and go in steps; one with gaps would leave parts out. */
function fromSlurm(count: number | null, environment: Environment): Shard {
  const task = wholeNumber('SLURM_ARRAY_TASK_ID', environment);
  const first = wholeNumber('SLURM_ARRAY_TASK_MIN', environment);
  const last = wholeNumber('SLURM_ARRAY_TASK_MAX', environment);
  const step = wholeNumber('SLURM_ARRAY_TASK_STEP', environment) ?? 1;
  const tasks = wholeNumber('SLURM_ARRAY_TASK_COUNT', environment);
  if (task === null || first === null || last === null || tasks === null || step < 1) {
    throw new WrongUse(
      '--shard auto needs SLURM_ARRAY_TASK_COUNT, _MIN and _MAX beside SLURM_ARRAY_TASK_ID: give --shard I/N',
    );
  }
  if ((last - first) / step + 1 !== tasks || (task - first) % step !== 0) {
    throw new WrongUse(
      `--shard auto: the job array has gaps, ${tasks} tasks from ${first} to ${last}: give --shard I/N`,
    );
  }
  if (count !== null && count !== tasks) {
    throw new WrongUse(
      `--shard auto/${count}: the job array has ${tasks} tasks: give --shard I/N, or an array of ${count}`,
    );
  }
  return { index: (task - first) / step + 1, count: tasks };
}

function wholeNumber(name: string, environment: Environment): number | null {
  const text = environment[name];
  if (text === undefined || text === '') return null;
  if (!/^\d{1,9}$/.test(text))
    throw new WrongUse(`${name} is ${quote(text)}, no whole number: give --shard I/N`);
  return Number(text);
}

/** Each part has a file of its own: `sweep.attnprof.json` is `sweep.shard-2-of-4.attnprof.json`. */
export function shardFile(file: string, { index, count }: Shard): string {
  const [, stem, ending] = /^(.*?)((?:\.attnprof)?\.json)?$/is.exec(file)!;
  return `${stem}.shard-${index}-of-${count}${ending ?? ''}`;
}
