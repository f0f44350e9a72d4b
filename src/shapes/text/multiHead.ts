import { type FoundCall, truth } from './attentionCalls.ts';
import type { Code } from './evaluate.ts';
import { type Known, unknown } from './known.ts';
import { type Draft, sizesFromRoles } from './site.ts';
import { type Role, roleOf } from './sizeNames.ts';
import type { Expression } from './syntax.ts';
import { tensorOf } from './tensors.ts';

const layerName =
  /^(?:multiHeadAttention|MultiHeadAttention|MultiheadAttention|MultiHeadSelfAttention|SelfAttention|CausalSelfAttention|GroupedQueryAttention)$/;

/** `new MultiHeadAttention({ numHeads: 12, keyDim: 64 })`, of TensorFlow.js where it has a `keyDim`. */
export function layerCall(code: Code, call: FoundCall): Draft | null {
  const [given] = call.callArguments;
  if (code.family !== 'script' || !layerName.test(call.name) || given?.kind !== 'record') return null;
  const known = new Map<Role, Known>();
  const isKeras = given.entries.some(({ key }) => key === 'keyDim');
  for (const { key, keyToken, value } of given.entries) {
    const role = key === 'units' && !isKeras ? 'width' : roleOf(key);
    // Two names for one size are not told apart.
    if (!role || known.has(role)) continue;
    const size = code.size(value, call.place);
    if (size.value === null && !size.symbol) continue;
    known.set(role, { ...size, evidence: [...size.evidence, code.evidence(keyToken, size.basis)] });
  }
  const sizes = sizesFromRoles(known);
  if (!sizes) return null;
  const isSpread = given.entries.some(({ key }) => key === 'attentionAxes');
  // The layer of TensorFlow.js has no heads that share keys; of others it is not known.
  if (isKeras && sizes.heads) sizes.kvHeads = sizes.heads;
  else if (!known.has('kvHeads')) delete sizes.kvHeads;
  const { name, start, end } = call;
  const api = isKeras ? 'tfjs.MultiHeadAttention' : 'js.MultiHeadAttention';
  const applied = isKeras && !isSpread ? application(code, call) : null;
  return {
    start,
    end,
    api,
    callee: name,
    sizes: { ...sizes, ...applied?.sizes },
    ...(applied?.options ? { options: applied.options } : {}),
    ...(applied ? { evidence: [applied.evidence] } : {}),
  };
}

/** The one place that applies the layer, `layer.apply(query, { value })`: it says the lengths. */
function application(code: Code, { place }: FoundCall) {
  const { tokens, partner } = code.source;
  const isNew = tokens[place - 1]?.text === 'new';
  const before = place - (isNew ? 1 : 0);
  const name = tokens[before - 1]?.text === '=' ? tokens[before - 2] : undefined;
  if (name?.kind !== 'name' || !code.definition(name.text, before)) return null;
  const uses: number[] = [];
  for (let at = place; at < tokens.length - 3 && uses.length < 2; at++) {
    const isUse =
      tokens[at]!.text === name.text && tokens[at + 1]!.text === '.' && tokens[at + 3]!.text === '(';
    if (isUse && /^(?:apply|call|callAndReturnAttentionScores)$/.test(tokens[at + 2]!.text)) uses.push(at);
  }
  const [use] = uses;
  if (use === undefined || uses.length !== 1 || partner[use + 3]! < 0) return null;
  const [query, given] = code.reader.callArguments(use + 3) ?? [];
  const entry = (key: string) =>
    given?.kind === 'record' ? given.entries.find((each) => each.key === key)?.value : undefined;
  const q: Length = query ? lengthOf(code, query, use) : unknown();
  const value = entry('value');
  const causal = given?.kind === 'record' ? truth(entry('useCausalMask')) : null;
  const isMasked = entry('attentionMask') !== undefined;
  return {
    sizes: {
      batch: q.batch ?? unknown(),
      seqLenQ: q,
      seqLenKv: value ? lengthOf(code, value, use) : unknown(),
    },
    evidence: code.evidence(tokens[use]!, 'call'),
    options:
      causal === null || (!causal && isMasked)
        ? {}
        : { causal: { value: causal && ('top-left' as const), basis: 'literal' as const } },
  };
}

type Length = Known & { batch?: Known };

/** Layers take (batch, length, features). */
function lengthOf(code: Code, expression: Expression, place: number): Length {
  const tensor = tensorOf(code, expression, place);
  if (tensor?.dims.length !== 3) return unknown();
  return { ...tensor.dims[1]!, batch: tensor.dims[0]! };
}
