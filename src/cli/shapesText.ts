import type { AttentionSite, SiteField } from '../shapes/site.ts';
import type { FileSite } from './shapesCommand.ts';
import type { Style } from './style.ts';
import { oneLine } from './wrongUse.ts';

const sizes = ['batch', 'heads', 'kvHeads', 'seqLenQ', 'seqLenKv', 'headDim', 'headDimV', 'dtype'] as const;
const options = [
  'causal',
  'window',
  'bias',
  'alibi',
  'softcap',
  'sinks',
  'dropout',
  'scale',
  'packed',
] as const;

/** One block for each site: where it is, what is known and on what basis, and the lines that say so. */
export function sitesText(files: readonly string[], sites: readonly FileSite[], style: Style): string {
  if (sites.length === 0) {
    return `No attention found in ${files.length === 1 ? oneLine(files[0]!) : `${files.length} files`}.\n`;
  }
  return `${sites.map((site) => siteText(site, style)).join('\n')}\n`;
}

function siteText(site: FileSite, style: Style): string {
  const cell = site.cell === undefined ? '' : ` cell ${site.cell + 1}`;
  const head = `${oneLine(site.file)}${cell}:${site.line}:${site.column + 1}`;
  const lines = [`${style.strong(head)}  ${oneLine(site.callee)}  ${style.faint(site.api)}`];
  lines.push(`  ${sizes.map((field) => fieldText(site, field)).join(', ')}`);
  const said = options.flatMap((field) => optionText(site, field));
  if (said.length > 0) lines.push(`  ${said.join(', ')}`);
  for (const [name, values] of Object.entries(site.choices)) {
    lines.push(
      `  ${oneLine(name)} runs over ${values.slice(0, 16).join(', ')}${values.length > 16 ? ', ...' : ''}`,
    );
  }
  for (const { file, line, text, kind } of site.evidence) {
    const where = file === undefined ? `line ${line}` : `${oneLine(file)}:${line}`;
    lines.push(style.faint(`    ${kind}, ${where}: ${oneLine(text)}`));
  }
  return `${lines.join('\n')}\n`;
}

function fieldText(site: AttentionSite, field: SiteField): string {
  const value = site.problem[field];
  const basis = site.basis[field];
  if (value !== null) return `${field} ${value}${basis === undefined ? '' : ` (${basis})`}`;
  const symbol = site.symbols[field];
  return symbol === undefined ? `${field} ?` : `${field} = ${oneLine(symbol)}`;
}

function optionText(site: AttentionSite, field: SiteField): string[] {
  const value = site.problem[field];
  const symbol = site.symbols[field];
  if (value === null) return symbol === undefined ? [`${field} ?`] : [`${field} = ${oneLine(symbol)}`];
  if (value === false || value === 'default') return [];
  return [`${field} ${typeof value === 'object' ? JSON.stringify(value) : value}`];
}
