import type { AttentionSite } from '../site.ts';
import { type FoundCall, tensorCalls } from './attentionCalls.ts';
import { Code } from './evaluate.ts';
import { layerCall } from './multiHead.ts';
import { recordSites } from './records.ts';
import { siteOfSettings } from './settings.ts';
import { type Draft, siteOf } from './site.ts';
import { sizedCall } from './sizedCalls.ts';
import { roleOf } from './sizeNames.ts';
import type { CodeFamily } from './tokens.ts';

/** Calls and records of a file past this many are not listed. */
const mostSites = 500;

/** Attention calls, layers and records of sizes in a file of JavaScript, TypeScript, C, C++ or CUDA, or in JSON. */
export function codeSites(text: string, language: CodeFamily | 'json'): AttentionSite[] {
  // Nothing that is found below lacks all of these words.
  if (!/att(?:ention|n)|sdpa|mha|head/i.test(text)) return [];
  const code = new Code(text, language === 'json' ? 'script' : language);
  const calls = language === 'json' ? [] : callDrafts(code);
  const records = recordSites(code, calls, language === 'json' ? 'json' : 'record');
  const drafts = [...calls, ...records];
  if (calls.length === 0 && language === 'c') drafts.push(...macroDraft(code, text));
  const sorted = drafts.sort((a, b) => a.start - b.start).slice(0, mostSites);
  return sorted.map((draft) => siteOf(draft, code.lines));
}

function callDrafts(code: Code): Draft[] {
  const { tokens, partner } = code.source;
  const found: Draft[] = [];
  for (let place = 0; place < tokens.length && found.length < mostSites; place++) {
    const token = tokens[place]!;
    if (token.kind !== 'name' || !/att|sdpa|mha/i.test(token.text)) continue;
    const open = openingAfter(code, place);
    if (open === null || partner[open]! < 0 || isDefinition(code, place, partner[open]!)) continue;
    const callArguments = code.reader.callArguments(open);
    if (!callArguments) continue;
    const start = calleeStart(code, place);
    const call: FoundCall = {
      name: token.text,
      callArguments,
      place,
      start,
      end: tokens[partner[open]!]!.end,
    };
    const reader = Object.hasOwn(tensorCalls, token.text) ? tensorCalls[token.text] : undefined;
    const draft = reader ? reader(code, call) : (layerCall(code, call) ?? sizedCall(code, call));
    if (draft) found.push(draft);
  }
  return found;
}

/** The bracket of the call: behind the name, its type arguments and the configuration of a kernel launch. */
function openingAfter(code: Code, place: number): number | null {
  const { tokens } = code.source;
  let at = place + 1;
  if (tokens[at]?.text === '<') {
    for (const limit = at + 12; at < limit && tokens[at] && tokens[at]!.text !== '>'; at++);
    at++;
  }
  if (tokens[at]?.text === '<<<') {
    for (const limit = at + 200; at < limit && tokens[at] && tokens[at]!.text !== '>>>'; at++);
    at++;
  }
  return tokens[at]?.text === '(' ? at : null;
}

/** `void attention(...)`, `function attention(...)` and `attention(...) {` define; all else calls. */
function isDefinition(code: Code, place: number, close: number): boolean {
  const { tokens } = code.source;
  const start = calleeTokenStart(code, place);
  const before = tokens[start - 1];
  if (tokens[close + 1]?.text === '{') return true;
  if (!before) return false;
  if (before.kind === 'name')
    return !/^(?:return|new|await|else|do|case|co_await|yield|throw)$/.test(before.text);
  // `Tensor* attention(` and `vector<float> attention(`.
  return (
    code.family === 'c' &&
    /^[*&>]$/.test(before.text) &&
    tokens[start - 2]?.kind === 'name' &&
    tokens[close + 1]?.text === ';' &&
    before.fresh
  );
}

function calleeTokenStart(code: Code, place: number): number {
  const { tokens } = code.source;
  let at = place;
  while (
    at >= 2 &&
    /^(?:\.|::|->|\?\.)$/.test(tokens[at - 1]!.text) &&
    tokens[at - 2]!.kind === 'name' &&
    place - at < 12
  )
    at -= 2;
  return at;
}

function calleeStart(code: Code, place: number): number {
  const at = calleeTokenStart(code, place);
  const before = code.source.tokens[at - 1];
  return before?.text === 'new' ? before.start : code.source.tokens[at]!.start;
}

/** `#define NUM_HEADS 16` and its neighbours, or constants of the file: one problem, where they name heads, length and head dim. */
function macroDraft(code: Code, text: string): Draft[] {
  if (!/attention|attn/i.test(text)) return [];
  const names = [...code.source.macros.map(({ name, start }) => ({ name, start }))];
  for (const [name, declarations] of code.names.byName) {
    const [only] = declarations;
    if (declarations.length === 1 && only!.to === code.source.tokens.length && only!.value !== null)
      names.push({ name, start: only!.at.start });
  }
  const settings = names
    .filter(({ name }) => roleOf(name) !== null && name.length > 2)
    .map(({ name, start }) => {
      const known = code.size(
        { kind: 'name', path: name, at: { kind: 'name', text: name, start, end: start, fresh: false } },
        code.source.tokens.length,
      );
      return { name, size: known.value === null ? null : known, text: '', start };
    });
  const heads = settings.find(({ name }) => roleOf(name) === 'heads');
  if (!heads) return [];
  const span = {
    start: heads.start,
    end: heads.start + text.slice(heads.start).split('\n', 1)[0]!.trimEnd().length,
  };
  const kind = {
    api: 'c.constants',
    callee: heads.name,
    derived: null,
    needs: ['heads', 'headDim'] as const,
  };
  const draft = siteOfSettings(settings, kind, span);
  return draft?.sizes.seqLenQ?.value ? [draft] : [];
}
