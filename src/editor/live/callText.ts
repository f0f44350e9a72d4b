import type { Flag } from '../../shapes/recorded/observedCall.ts';

/** An attention call as it is written, as far as names and literals go. */
export interface WrittenCall {
  /** A row of `observedApis`. */
  api: string;
  /** Tensor parameters and the plain name that is given for each. */
  tensors: ReadonlyMap<string, string>;
  flags: Record<string, Flag>;
  /** Arguments that are no literals: what they are is not known from the text. */
  unread: string[];
  /** First and last line of the call, from 0. */
  firstLine: number;
  lastLine: number;
}

interface NamedApi {
  api: string;
  /** Parameters in order, as far as every version of the function agrees on them. */
  parameters: readonly string[];
  tensors: readonly string[];
  flags: readonly string[];
}

const flashFlags = [
  'dropout_p',
  'causal',
  'window_size',
  'softcap',
  'alibi_slopes',
  'softmax_scale',
  'learnable_sink',
];

/** Functions whose name alone says what they are. What another name was given to by an import is left to others. */
const named: Readonly<Record<string, NamedApi>> = {
  scaled_dot_product_attention: {
    api: 'torch.scaled_dot_product_attention',
    parameters: ['query', 'key', 'value', 'attn_mask', 'dropout_p', 'is_causal'],
    tensors: ['query', 'key', 'value'],
    flags: ['attn_mask', 'dropout_p', 'is_causal', 'scale', 'enable_gqa'],
  },
  flex_attention: {
    api: 'torch.flex_attention',
    parameters: ['query', 'key', 'value', 'score_mod', 'block_mask'],
    tensors: ['query', 'key', 'value'],
    flags: ['score_mod', 'block_mask', 'scale', 'enable_gqa'],
  },
  flash_attn_func: {
    api: 'flash_attn.func',
    parameters: ['q', 'k', 'v'],
    tensors: ['q', 'k', 'v'],
    flags: flashFlags,
  },
  flash_attn_qkvpacked_func: {
    api: 'flash_attn.qkvpacked_func',
    parameters: ['qkv'],
    tensors: ['qkv'],
    flags: flashFlags,
  },
  memory_efficient_attention: {
    api: 'xformers.memory_efficient_attention',
    parameters: ['query', 'key', 'value', 'attn_bias', 'p', 'scale'],
    tensors: ['query', 'key', 'value'],
    flags: ['attn_bias', 'p', 'scale'],
  },
};

const callee = new RegExp(
  String.raw`(?<![\w.])(?:[A-Za-z_]\w*\.)*(${Object.keys(named).join('|')})\s*\(`,
  'g',
);
const name = /^[^\W\d]\w*$/u;
/** Longest call that is read, characters. */
const longestCall = 4000;

/** The attention call that covers a line, in a piece of Python text; lines from 0. Null where none can be told. */
export function attentionCallAt(text: string, line: number): WrittenCall | null {
  for (const match of text.matchAll(callee)) {
    const before = text.slice(text.lastIndexOf('\n', match.index) + 1, match.index);
    if (/#|\bdef\s+$/.test(before)) continue;
    const start = match.index + match[0].length;
    const split = splitArguments(text.slice(start, start + longestCall));
    if (!split) continue;
    const firstLine = countLines(text.slice(0, match.index));
    const lastLine = firstLine + countLines(text.slice(match.index, start + split.length));
    if (line < firstLine || line > lastLine) continue;
    const read = readArguments(named[match[1]!]!, split.parts);
    if (read) return { ...read, firstLine, lastLine };
  }
  return null;
}

/** The arguments up to the bracket that closes the call; null where it stays open. */
function splitArguments(text: string): { parts: string[]; length: number } | null {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === '#') {
      const end = text.indexOf('\n', index);
      index = (end < 0 ? text.length : end) - 1;
      continue;
    }
    if (character === '"' || character === "'") {
      const end = endOfString(text, index);
      part += text.slice(index, end);
      index = end - 1;
      continue;
    }
    if (depth === 0 && (character === ',' || character === ')')) {
      if (part.trim() !== '') parts.push(part.trim());
      if (character === ')') return { parts, length: index + 1 };
      part = '';
      continue;
    }
    if ('([{'.includes(character)) depth++;
    if (')]}'.includes(character)) depth--;
    part += character;
  }
  return null;
}

/** Behind the quote that ends a string on its line. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === text[start]) return index + 1;
  }
  return text.length;
}

function readArguments(
  { api, parameters, tensors: tensorNames, flags: flagNames }: NamedApi,
  parts: string[],
): Pick<WrittenCall, 'api' | 'tensors' | 'flags' | 'unread'> | null {
  const tensors = new Map<string, string>();
  const flags: Record<string, Flag> = {};
  const unread: string[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.startsWith('*')) return null;
    const [, keyword, given] = /^([A-Za-z_]\w*)\s*=(?!=)\s*([\s\S]*)$/.exec(part) ?? [];
    const parameter = keyword ?? parameters[index];
    const value = given ?? part;
    if (parameter === undefined) {
      unread.push(value);
    } else if (tensorNames.includes(parameter)) {
      if (!name.test(value)) return null;
      tensors.set(parameter, value);
    } else if (flagNames.includes(parameter)) {
      const literal = literalOf(value);
      if (literal === undefined) unread.push(keyword ? part : `${parameter}=${value}`);
      else if (literal !== null) flags[parameter] = literal;
    }
  }
  return tensors.size === tensorNames.length ? { api, tensors, flags, unread } : null;
}

function literalOf(text: string): Flag | undefined {
  const words: Record<string, Flag> = { True: true, False: false, None: null };
  if (Object.hasOwn(words, text)) return words[text]!;
  if (/^-?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text.replaceAll('_', ''));
  const pair = /^\(\s*([^(),]+),\s*([^(),]+?),?\s*\)$/.exec(text);
  if (!pair) return undefined;
  const items = [literalOf(pair[1]!.trim()), literalOf(pair[2]!)];
  return items.includes(undefined) ? undefined : (items as Flag[]);
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
