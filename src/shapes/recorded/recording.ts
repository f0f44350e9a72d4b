import type { Result } from '../../attention/shape.ts';
import {
  isCount,
  isLine,
  isObject,
  isText,
  longestName,
  longestPath,
  readFields,
  readFlag,
  readTensor,
} from './checks.ts';
import type { ObservedCall } from './observedCall.ts';

/** The probe's own limits are lower; what is larger was not written by it. */
export const longestRecording = 16 * 2 ** 20;
const mostLines = 20_000;

/** A line of a source file, from 1. */
export interface SourceLine {
  file: string;
  line: number;
}

/** A distinct call and how often it ran. */
export interface RecordedCall extends ObservedCall, SourceLine {
  count: number;
  /** The line of an installed package that made the call on behalf of the user's line; null where that line made it. */
  via: SourceLine | null;
}

/** What one process of a run wrote. */
export interface Recording {
  /** `running` in a file that is still to come to its end, or whose process was killed. */
  state: 'running' | 'ended' | 'failed' | 'interrupted';
  program: string;
  /** Seconds from the start of the process to the writing of the file. */
  seconds: number;
  /** Version by name: `torch`, `flash_attn`, `xformers`, `jax`. */
  frameworks: Readonly<Record<string, string>>;
  /** Calls that ran but are not described, because there were too many different ones. */
  dropped: number;
  /** Calls whose arguments could not be read. */
  unread: number;
  /** Uses of torch.compile: attention inside of what it compiled is not seen. */
  compiled: number;
  calls: RecordedCall[];
  /** Lines of the file that are no calls. */
  skipped: number;
}

const states: readonly string[] = [
  'running',
  'ended',
  'failed',
  'interrupted',
] satisfies Recording['state'][];

/**
 * Reads what the probe wrote: JSON lines, a header and then calls. Lines that are no calls are skipped and
 * counted; without a header that fits, the whole is refused in one line.
 */
export function parseRecording(text: string): Result<Recording> {
  if (text.length > longestRecording)
    return fail(`the recording is larger than ${longestRecording} characters`);
  const lines = text.split('\n', mostLines + 1);
  if (lines.length > mostLines) return fail(`the recording has more than ${mostLines} lines`);
  const header = readHeader(lines[0] ?? '');
  if (typeof header === 'string') return fail(header);
  const calls: RecordedCall[] = [];
  let skipped = 0;
  for (const line of lines.slice(1)) {
    if (line.trim() === '') continue;
    const call = readCall(parseJson(line));
    if (call) calls.push(call);
    else skipped++;
  }
  return { ok: true, value: { ...header, calls, skipped } };
}

/** The header, or what is wrong with it. */
function readHeader(line: string): Omit<Recording, 'calls' | 'skipped'> | string {
  const header = parseJson(line);
  if (!isObject(header) || header.format !== 'attnprof-recording')
    return 'this is no recording of attention shapes';
  if (header.version !== 1) {
    return 'the recording was written by another version of Attention Profiler: record the run again';
  }
  const { state, program, seconds, dropped, unread, compiled } = header;
  const frameworks = readFields(header.frameworks, (version) =>
    isText(version, longestName) ? version : null,
  );
  if (!isText(state, longestName) || !states.includes(state))
    return 'the recording does not say how its program ended';
  if (!isText(program, longestPath) || !frameworks || !isDuration(seconds)) {
    return 'the header of the recording is damaged';
  }
  if (!isCount(dropped) || !isCount(unread) || !isCount(compiled))
    return 'the counts of the recording are damaged';
  return { state: state as Recording['state'], program, seconds, frameworks, dropped, unread, compiled };
}

function readCall(value: unknown): RecordedCall | null {
  if (!isObject(value)) return null;
  const { api, count } = value;
  const place = readPlace(value);
  const via = value.via === undefined ? null : readPlace(value.via);
  const tensors = readFields(value.tensors, readTensor);
  const flags = readFields(value.flags, (flag) => readFlag(flag));
  if (!place || (value.via !== undefined && !via) || !tensors || !flags) return null;
  if (!isText(api, longestName) || !isCount(count) || count === 0) return null;
  return { ...place, via, api, count, tensors, flags };
}

function readPlace(value: unknown): SourceLine | null {
  if (!isObject(value)) return null;
  const { file, line } = value;
  return isText(file, longestPath) && file !== '' && isLine(line) ? { file, line } : null;
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
