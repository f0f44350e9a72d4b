import type { Command } from 'commander';
import { type BlockMask, parseBlockMask } from '../attention/blockMask.ts';
import { checkOptions } from '../attention/options.ts';
import {
  type Bias,
  type Causal,
  causalAlignments,
  type Dtype,
  dtypes,
  type Problem,
  type Window,
} from '../attention/problem.ts';
import type { Shape } from '../attention/shape.ts';
import { maxSeed, readWhole } from './options.ts';
import { quote, WrongUse } from './wrongUse.ts';

/** As commander hands them over: text, still to be read. */
export interface ProblemFlags {
  dtype: string;
  causal?: boolean;
  causalAlign?: string;
  window?: string;
  lengths?: string;
  packed?: string;
  /** True where no sizes were given. */
  bias?: string | true;
  alibi?: boolean;
  softcap?: string;
  sinks?: boolean;
  dropout?: string;
  blockMask?: string;
  ringDevices?: string;
  seed: string;
}

/** The options that describe a problem, the same for every command that has one. */
export function addProblemOptions(command: Command, dtype = 'f32'): Command {
  return command
    .option('--dtype <type>', 'storage type of Q, K, V and O: f32, f16, bf16', dtype)
    .option('--causal', 'each query sees only keys up to its own place')
    .option(
      '--causal-align <alignment>',
      'bottom-right (as flash-attn) or top-left (as PyTorch); implies --causal',
    )
    .option(
      '--window <left,right>',
      'keys seen on either side of the diagonal; - for no limit: --window 128,-',
    )
    .option('--lengths <n1,n2,...>', 'keys of each batch entry that are not padding')
    .option('--packed <n1,n2,...>', 'sequences laid end to end in one batch entry')
    .option('--bias [b,h]', 'random bias added to the scores, 1 is broadcast; 1 and all heads by default')
    .option('--alibi', 'ALiBi: a slope for each head times the distance to the diagonal')
    .option('--softcap <c>', 'scores become c tanh(score / c)')
    .option('--sinks', 'a logit for each head that takes part in the softmax and has no value')
    .option('--dropout <p>', 'drop elements of P with this probability, the same for every algorithm')
    .option('--block-mask <mask>', 'tiles to compute: local:W, strided:S, butterfly, random:DENSITY')
    .option('--ring-devices <count>', 'virtual devices of ring attention')
    .option('--seed <seed>', 'seed of the inputs and of dropout', '0');
}

/** The problem of a shape and its options. Throws WrongUse. */
export function readProblem(shape: Shape, flags: ProblemFlags): Problem {
  const checked = checkOptions({
    ...shape,
    dtype: readDtype(flags.dtype),
    causal: readCausal(flags.causal, flags.causalAlign),
    window: given(flags.window, readWindow),
    lengths: given(flags.lengths, (text) => readSizes('--lengths', text)),
    packed: given(flags.packed, (text) => readSizes('--packed', text)),
    bias: given(flags.bias, (sizes) => readBias(sizes, shape)),
    alibi: flags.alibi ?? false,
    softcap: given(flags.softcap, (text) => readNumber('--softcap', text)),
    sinks: flags.sinks ?? false,
    dropout: given(flags.dropout, (text) => readNumber('--dropout', text)),
    blockMask: given(flags.blockMask, readBlockMask),
    ringDevices: given(flags.ringDevices, (text) => readWhole('--ring-devices', text, 1, 256)),
    seed: readWhole('--seed', flags.seed, 0, maxSeed),
  });
  if (!checked.ok) throw new WrongUse(checked.error);
  return checked.value;
}

function given<T, R>(value: T | undefined, read: (value: T) => R): R | null {
  return value === undefined ? null : read(value);
}

function readDtype(text: string): Dtype {
  const dtype = dtypes.find((candidate) => candidate === text);
  if (!dtype) throw new WrongUse(`unknown dtype ${quote(text)}: give ${dtypes.join(', ')}`);
  return dtype;
}

/** An alignment given alone means causal. */
function readCausal(causal: boolean | undefined, align: string | undefined): Causal {
  if (align === undefined) return causal ? 'bottom-right' : false;
  const alignment = causalAlignments.find((candidate) => candidate === align);
  if (!alignment) {
    throw new WrongUse(`unknown causal alignment ${quote(align)}: give ${causalAlignments.join(' or ')}`);
  }
  return alignment;
}

const noLimit = new Set(['', '-', 'inf']);

/** `128,0`, `128,-`, `,64`: keys to the left and right. */
function readWindow(text: string): Window {
  const sides = text.split(',').map((side) => side.trim());
  const right = 'give LEFT,RIGHT, each a whole number or - for no limit: --window 128,0';
  if (sides.length !== 2 || sides.some((side) => !noLimit.has(side) && !/^\d{1,10}$/.test(side))) {
    throw new WrongUse(`--window ${quote(text)} is not understood: ${right}`);
  }
  const [left, after] = sides.map((side) => (noLimit.has(side) ? null : Number(side))) as [
    number | null,
    number | null,
  ];
  if (left === null && after === null)
    throw new WrongUse(`--window ${quote(text)} limits neither side: ${right}`);
  return { left, right: after };
}

const mostSizes = 65_536;

function readSizes(option: string, text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  const wrong = parts.find((part) => !/^\d{1,10}$/.test(part));
  if (wrong !== undefined || parts.length > mostSizes) {
    const what = wrong === undefined ? `has ${parts.length} numbers` : `has ${quote(wrong)}`;
    throw new WrongUse(
      `${option} ${what}: give whole numbers separated by commas, at most ${mostSizes} of them`,
    );
  }
  return parts.map(Number);
}

/** `1,8`: batch and heads of the bias. */
function readBias(sizes: string | true, { heads }: Shape): Bias {
  if (sizes === true) return { batch: 1, heads };
  if (/\.npy$/i.test(sizes)) {
    throw new WrongUse(
      `--bias ${quote(sizes)} names a file: profile draws its bias from the seed, give --bias or --bias B,H`,
    );
  }
  const [, batch, own] = /^\s*(\d{1,10})\s*,\s*(\d{1,10})\s*$/.exec(sizes) ?? [];
  if (batch === undefined || own === undefined) {
    throw new WrongUse(
      `--bias ${quote(sizes)} is not understood: give its batch and heads, --bias 1,${heads}, or --bias alone, after the shape`,
    );
  }
  return { batch: Number(batch), heads: Number(own) };
}

function readNumber(option: string, text: string): number {
  if (!/^(\d{1,15}(\.\d{1,15})?|\.\d{1,15})(e[+-]?\d{1,2})?$/i.test(text)) {
    throw new WrongUse(`${option} ${quote(text)} is not a number: give one like 0.1 or 30`);
  }
  return Number(text);
}

function readBlockMask(text: string): BlockMask {
  const mask = parseBlockMask(text);
  if (!mask.ok) throw new WrongUse(mask.error.replace(/^block mask/, '--block-mask'));
  return mask.value;
}
