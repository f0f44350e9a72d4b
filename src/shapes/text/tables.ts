import type { AttentionSite } from '../site.ts';
import { literal } from './known.ts';
import type { LineIndex } from './lines.ts';
import { type Setting, type SettingsKind, siteOfSettings } from './settings.ts';
import { siteOf } from './site.ts';
import { isDoubtful, roleOf, rolesOf } from './sizeNames.ts';

interface Cell {
  text: string;
  start: number;
  end: number;
}

const separator = /^\s{0,3}\|?\s{0,20}:?-+:?\s{0,20}(?:\|\s{0,20}:?-+:?\s{0,20}){1,40}\|?\s{0,20}$/;
const longestRow = 2000;
const mostRows = 500;
/** Rows of all tables of a text together. */
const mostSites = 1000;
const mostColumns = 60;

/**
 * The problems of the Markdown tables of a text. A table whose columns are sizes gives a problem for each row; a
 * table of names and values is one group of settings, like a configuration; a column headed `(B, S, H, D)` says the
 * order of the sizes below it.
 */
export function tableSites(lines: LineIndex, from: number, to: number): AttentionSite[] {
  const found: AttentionSite[] = [];
  for (let line = from + 1; line <= to && found.length < mostSites; line++) {
    const rule = lines.line(line);
    if (rule.length > longestRow || !rule.includes('-') || !separator.test(rule)) continue;
    const head = cells(lines, line - 1);
    const rows: Cell[][] = [];
    for (line++; line <= to && rows.length < mostRows; line++) {
      if (!lines.line(line).includes('|')) break;
      rows.push(cells(lines, line));
    }
    if (head.length > 1 && head.length <= mostColumns)
      found.push(...ordered(head, rows, lines), ...sized(head, rows, lines), ...listed(head, rows, lines));
  }
  return found;
}

function cells(lines: LineIndex, line: number): Cell[] {
  const text = lines.line(line);
  if (text.length > longestRow) return [];
  const start = lines.offset(line, 0);
  const found: Cell[] = [];
  let at = text.startsWith('|', text.length - text.trimStart().length) ? text.indexOf('|') + 1 : 0;
  for (; at < text.length; ) {
    const bar = text.indexOf('|', at);
    const stop = bar < 0 ? text.length : bar;
    const raw = text.slice(at, stop);
    const inner = raw.trim();
    const begin = start + at + (raw.length - raw.trimStart().length);
    if (bar >= 0 || inner !== '')
      found.push({ text: inner.replace(/^[`*_]+|[`*_]+$/g, ''), start: begin, end: begin + inner.length });
    at = stop + 1;
  }
  return found;
}

/** `32`, `1,024`, `8 (GQA)`; not `4k`, which may be 4000 or 4096, nor `1.5`, `8/16` or `~32`. */
function numberIn({ text }: Cell): number | null {
  const match = /^([1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,9})(?:\s+\([^|]{0,60}\))?$/.exec(text);
  return match ? Number(match[1]!.replaceAll(',', '')) : null;
}

/** `Seq len (tokens)` and `# heads` name a size; `Heads/s` and `GFLOP per head` do not. */
const columnName = (cell: Cell) => cell.text.replace(/\s*\([^)]{0,30}\)$/, '').replace(/^#\s*/, '');

function sized(head: Cell[], rows: Cell[][], lines: LineIndex): AttentionSite[] {
  const names = head.map(columnName);
  const roles = rolesOf(names);
  if (!roles.includes('heads')) return [];
  return rows.flatMap((row) => {
    const settings: Setting[] = row.flatMap((cell, index) => {
      const number = roles[index] ? numberIn(cell) : null;
      if (number === null || isDoubtful(names[index]!, roles[index]!, number)) return [];
      const evidence = [
        lines.evidence(cell.start, 'literal'),
        { ...lines.evidence(head[0]!.start, 'layout') },
      ];
      return [
        {
          name: settingName(roles[index]!),
          size: { ...literal(number), evidence },
          text: cell.text,
          start: cell.start,
        },
      ];
    });
    return siteOfRow(settings, row, lines, {
      api: 'markdown.table',
      callee: row[0]?.text ?? '',
      derived: null,
    });
  });
}

const settingName = (role: string) =>
  ({
    batch: 'batch',
    heads: 'heads',
    kvHeads: 'kv_heads',
    seqLen: 'seq_len',
    seqLenQ: 'seq_len_q',
    seqLenKv: 'seq_len_kv',
    headDim: 'head_dim',
    headDimV: 'head_dim_v',
    width: 'd_model',
    maxLength: 'n_ctx',
    layers: 'layers',
  })[role] ?? role;

/** A table of two or three columns, one of names and one of values. */
function listed(head: Cell[], rows: Cell[][], lines: LineIndex): AttentionSite[] {
  const named = [0, 1].find((column) =>
    rows.some((row) => row[column] && roleOf(row[column].text) === 'heads'),
  );
  if (named === undefined || head.length > named + 3 || rolesOf(head.map(columnName)).includes('heads'))
    return [];
  const settings: Setting[] = rows.flatMap((row) => {
    const [name, value] = [row[named], row[named + 1]];
    if (!name || !value) return [];
    const number = numberIn(value);
    const size =
      number === null ? null : { ...literal(number), evidence: [lines.evidence(value.start, 'literal')] };
    return [{ name: name.text, size, text: value.text, start: name.start }];
  });
  // Two columns of values are two models.
  if (
    head.length > named + 2 &&
    rows.filter((row) => row[named + 2] && numberIn(row[named + 2]!) !== null).length > 1
  )
    return [];
  const heads = rows.find((row) => row[named] && roleOf(row[named].text) === 'heads')!;
  return siteOfRow(settings, heads, lines, {
    api: 'markdown.table',
    callee: head[named]!.text,
    derived: null,
  });
}

function siteOfRow(settings: Setting[], row: Cell[], lines: LineIndex, kind: SettingsKind): AttentionSite[] {
  const span = { start: row[0]!.start, end: row.at(-1)!.end };
  const draft = siteOfSettings(settings, kind, span);
  if (!draft) return [];
  // Prose leaves out what its reader does not ask for: no word of shared heads is no word against them.
  if (draft.sizes.kvHeads?.basis === 'default') delete draft.sizes.kvHeads;
  return [siteOf(draft, lines)];
}

/** Cells `(8, 4096, 16, 64)` below a heading that ends in `(B, S, H, D)`. */
function ordered(head: Cell[], rows: Cell[][], lines: LineIndex): AttentionSite[] {
  return head.flatMap((heading, column) => {
    const order =
      /[([{]?\s{0,4}((?:[A-Za-z_]\w{0,20}\s{0,4}[,x×]\s{0,4}){2,5}[A-Za-z_]\w{0,20})\s{0,4}[)\]}]?$/.exec(
        heading.text,
      );
    if (!order) return [];
    const roles = rolesOf(order[1]!.split(/\s*[,×]\s*|\s+x\s+/));
    if (!roles.includes('heads') || roles.some((role) => role === null)) return [];
    return rows.flatMap((row) => {
      const cell = row[column];
      const sizes = cell?.text.replace(/^[([{]|[)\]}]$/g, '').split(/\s*[,x×]\s*/) ?? [];
      if (!cell || sizes.length !== roles.length || !sizes.every((size) => /^[1-9]\d{0,9}$/.test(size)))
        return [];
      const settings = sizes.map((size, index) => ({
        name: settingName(roles[index]!),
        size: { ...literal(Number(size)), evidence: [lines.evidence(heading.start, 'layout')] },
        text: size,
        start: cell.start,
      }));
      return siteOfRow(settings, [cell], lines, {
        api: 'markdown.table',
        callee: row[0]!.text,
        derived: null,
      });
    });
  });
}
