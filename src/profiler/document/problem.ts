import { type BlockMask, formatBlockMask, parseBlockMask } from '../../attention/blockMask.ts';
import { checkOptions } from '../../attention/options.ts';
import { type Bias, noOptions, type Problem, problemId } from '../../attention/problem.ts';
import { checkShape, type Result } from '../../attention/shape.ts';
import type { DocumentProblem } from './schema.ts';

/** How a document writes the options of a problem; what is off is null. */
export type WrittenOptions = Pick<
  DocumentProblem,
  | 'window'
  | 'lengths'
  | 'packed'
  | 'bias'
  | 'alibi'
  | 'softcap'
  | 'sinks'
  | 'dropout'
  | 'blockMask'
  | 'ringDevices'
>;

/** The problem as a document writes it, named by `problemId` and its seed. */
export function documentProblem(problem: Problem): DocumentProblem {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, dtype, causal, seed } = problem;
  const { window, lengths, packed, bias, alibi, softcap, sinks, dropout, blockMask, ringDevices } = problem;
  return {
    id: shortened(`${problemId(problem)} seed${seed}`),
    ...{ batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, dtype, causal },
    window: window && [window.left, window.right],
    lengths: lengths && [...lengths],
    packed: packed && [...packed],
    bias: bias && formatBias(bias),
    alibi: alibi || null,
    softcap,
    sinks: sinks || null,
    dropout,
    blockMask: blockMask && formatBlockMask(blockMask),
    ringDevices,
    seed,
  };
}

/** The problem that a document describes; a file can hold options that do not go with its sizes. */
export function problemOf(document: DocumentProblem): Result<Problem> {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, dtype, causal, seed } = document;
  const shape = checkShape({ batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV });
  if (!shape.ok) return shape;
  return withOptions({ ...shape.value, ...noOptions, dtype, causal, seed }, document);
}

/** A problem with options as documents write them, checked against its sizes. */
export function withOptions(problem: Problem, written: Partial<WrittenOptions>): Result<Problem> {
  const { window, lengths, packed, bias, alibi, softcap, sinks, dropout, blockMask, ringDevices } = written;
  let parsedBias: Bias | null = null;
  if (bias != null) {
    const parsed = parseBias(bias);
    if (!parsed.ok) return parsed;
    parsedBias = parsed.value;
  }
  let parsedMask: BlockMask | null = null;
  if (blockMask != null) {
    const parsed = parseBlockMask(blockMask);
    if (!parsed.ok) return parsed;
    parsedMask = parsed.value;
  }
  return checkOptions({
    ...problem,
    window: window ? { left: window[0], right: window[1] } : null,
    lengths: lengths ?? null,
    packed: packed ?? null,
    bias: parsedBias,
    alibi: alibi ?? false,
    softcap: softcap ?? null,
    sinks: sinks ?? false,
    dropout: dropout ?? null,
    blockMask: parsedMask,
    ringDevices: ringDevices ?? null,
  });
}

/** `1x8`: batch and heads; 1 is broadcast. */
export function formatBias({ batch, heads }: Bias): string {
  return `${batch}x${heads}`;
}

function parseBias(text: string): Result<Bias> {
  const [, batch, heads] = /^(\d{1,10})x(\d{1,10})$/.exec(text) ?? [];
  if (batch === undefined || heads === undefined) {
    const given = JSON.stringify(text.slice(0, 40));
    return { ok: false, error: `bias is batch x heads, each 1 or as in the shape: "1x8", got ${given}` };
  }
  return { ok: true, value: { batch: Number(batch), heads: Number(heads) } };
}

const longestId = 200;

/** Lists of lengths can make a name longer than an id may be: the end then gives way to a checksum. */
function shortened(id: string): string {
  if (id.length <= longestId) return id;
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return `${id.slice(0, longestId - 12)}... ${(hash >>> 0).toString(16).padStart(8, '0')}`;
}
