import type { Code } from './evaluate.ts';
import { siteOfSettings } from './settings.ts';
import type { Draft } from './site.ts';
import { roleOf } from './sizeNames.ts';

/** A record with more entries is data. */
const mostEntries = 200;

/**
 * Records that name the sizes of attention: `{ nHead: 12, nEmbd: 768 }` of a script, `{.n_head = 12}` of C, objects
 * of JSON. Only entries of the record itself are read, so that two towers of one model do not mix.
 */
export function recordSites(code: Code, taken: readonly Draft[], api: 'json' | 'record'): Draft[] {
  const { tokens, partner } = code.source;
  const found: Draft[] = [];
  let next = 0;
  for (const [open, { text, kind, start }] of tokens.entries()) {
    const close = partner[open]!;
    if (kind !== 'mark' || text !== '{' || close < 0) continue;
    while (next < taken.length && taken[next]!.end <= start) next++;
    const isTaken = next < taken.length && taken[next]!.start <= start;
    if (isTaken || !mayNameHeads(code, open, close)) continue;
    const value = code.reader.expression(open, close + 1);
    if (value.kind !== 'record' || value.entries.length > mostEntries) continue;
    const settings = value.entries.map((entry) => {
      const size = code.size(entry.value, open);
      const evidence = [
        code.evidence(entry.keyToken, api === 'json' ? 'config' : size.basis),
        ...size.evidence,
      ];
      const basis = api === 'json' ? ('config' as const) : size.basis;
      const isSize = size.value !== null || (size.symbol !== null && entry.value.kind !== 'list');
      const spoken =
        entry.value.kind === 'name'
          ? entry.value.path
          : entry.value.kind === 'string'
            ? entry.value.value
            : '';
      return {
        name: entry.key,
        size: isSize ? { ...size, basis, evidence } : null,
        text: spoken,
        start: entry.keyToken.start,
      };
    });
    // Model configurations have a reader of their own.
    if (api === 'json' && settings.some(({ name }) => name === 'model_type' || name === 'architectures'))
      continue;
    const span = { start, end: tokens[close]!.end };
    const draft = siteOfSettings(settings, { api, callee: nameOf(code, open), derived: 'default' }, span);
    if (draft) found.push(draft);
  }
  return found;
}

/** Whether a key of the record's own level may be a count of heads; most braces hold code. */
function mayNameHeads(code: Code, open: number, close: number): boolean {
  const { tokens, partner } = code.source;
  for (let at = open + 1; at < Math.min(close, open + 1000); at++) {
    const { text, kind } = tokens[at]!;
    if (partner[at]! > at) at = partner[at]!;
    else if (kind !== 'mark' && /^[:=]$/.test(tokens[at + 1]!.text) && roleOf(text) === 'heads') return true;
  }
  return false;
}

/** What the record is called: the variable, the key or the call in front of it. */
function nameOf(code: Code, open: number): string {
  const { tokens } = code.source;
  for (let at = open - 1; at >= Math.max(0, open - 4); at--) {
    const { kind, text } = tokens[at]!;
    if (kind !== 'mark') return text;
    if (!/^[=:(]$/.test(text)) return '';
  }
  return '';
}
