import type { GpuModel } from '../../attention/devices/device.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Problem } from '../../attention/problem.ts';
import { formatBytes, formatInteger } from '../../attention/units.ts';
import type { AttentionSite, Evidence, SiteField } from '../../shapes/site.ts';
import { costParts, escapeMarkdown, shortened } from '../hoverText.ts';
import { inferenceMemory, longestOn, rowsOf } from './siteCosts.ts';
import {
  type SiteProblem,
  type SizeField,
  type SymbolValues,
  siteProblem,
  sizeFields,
} from './siteProblem.ts';
import { cut, missingName, optionTexts, shownSizes, sizeNames, sizeText } from './siteWords.ts';

export interface SiteHoverOptions {
  site: AttentionSite;
  /** What the user said the names of the code are. */
  values: SymbolValues;
  algorithms: readonly string[];
  limits: DeviceLimits;
  /** Whose limits these are: `the limits of NVIDIA A100`. */
  limitsOf: string;
  /** Whose memory the longest sequence is for; null where none is known. */
  gpu: GpuModel | null;
  /** Markdown of the actions; they stand near the top, where a small hover does not cut them off. */
  links: readonly string[];
  /** Markdown of a link to the line of a piece of evidence; null where there is nothing to open. */
  evidenceLink: (evidence: Evidence, label: string) => string | null;
}

const mostEvidence = 8;

/**
 * The hover's Markdown for a call site: what is known and on what it rests, names where the code leaves a size open,
 * the exact cost where every size has a value, and the lines that say so. Nothing is run.
 */
export function siteHoverText(options: SiteHoverOptions): string {
  const { site, links } = options;
  const found = siteProblem(site, options.values);
  const head = [
    `**Attention** ${[...sizeWords(site), ...optionWords(site)].join(' · ')}`,
    `*${escapeMarkdown(cut(site.callee))}${site.api === 'manual' || site.api === 'einsum' ? ', attention written out' : ''}*`,
    ...(links.length > 0 ? [links.join(' &nbsp; ')] : []),
  ].join('  \n');
  const parts = [head, ...costs(options, found), evidence(options)];
  return parts.filter((part) => part !== '').join('\n\n');
}

function sizeWords(site: AttentionSite): string[] {
  return shownSizes(site).map(
    (field) => `${sizeNames[field]} ${escapeMarkdown(sizeText(site, field))}${basisWord(site, field)}`,
  );
}

function optionWords(site: AttentionSite): string[] {
  return optionTexts(site).map(({ field, text }) => `${escapeMarkdown(text)}${basisWord(site, field)}`);
}

/** On what a value rests; nothing for a literal, which is what one reads anyway. */
function basisWord({ basis }: AttentionSite, field: SiteField): string {
  const word = basis[field];
  return word === undefined || word === 'literal' ? '' : ` *(${word})*`;
}

function costs(options: SiteHoverOptions, found: SiteProblem): string[] {
  const { problem, missing, answered, assumed } = found;
  const said = answered.map(
    ({ symbol, value }) => `${escapeMarkdown(cut(symbol))} = ${formatInteger(value)}`,
  );
  const asked = said.length > 0 ? `With ${said.join(', ')} *(remembered)*` : '';
  if (!problem) {
    const names = missing.map((each) => escapeMarkdown(missingName(each))).join(', ');
    return [
      ...(asked === '' ? [] : [`${asked}.`]),
      [
        `No cost yet: ${names} not known.`,
        ...choiceLines(options.site),
        ...longestUnknown(options, found),
      ].join('  \n'),
    ];
  }
  if (!problem.ok)
    return [`${asked === '' ? '' : `${asked}. `}Not costed: ${escapeMarkdown(problem.error)}.`];
  const { limits, limitsOf, algorithms } = options;
  const { table, notes } = costParts(problem.value, { rows: rowsOf(algorithms), limits, limitsOf });
  const assumptions = assumed.length > 0 ? `Assumed: ${assumed.map(escapeMarkdown).join('; ')}.` : '';
  const lines = [
    asked === '' ? '' : `${asked}.`,
    assumptions,
    ...notes,
    memoryLine(problem.value),
    ...longestLine(options, problem.value),
  ];
  return [table, lines.filter((line) => line !== '').join('  \n')];
}

function choiceLines({ choices }: AttentionSite): string[] {
  return Object.entries(choices).map(([name, values]) => {
    const shown = values.slice(0, 8).map(formatInteger).join(', ');
    return `The code runs ${escapeMarkdown(cut(name))} over ${shown}${values.length > 8 ? ', …' : ''}.`;
  });
}

function memoryLine(problem: Problem): string {
  const { standard, flash } = inferenceMemory(problem);
  return `A framework holds (modelled): standard ${formatBytes(standard)}, flash ${formatBytes(flash)}.`;
}

const ends = { memory: '', device: ' (buffers end it)', shape: ' (the longest there is)' } as const;

function longestLine({ gpu, algorithms }: SiteHoverOptions, problem: Problem): string[] {
  if (!gpu || gpu.memoryBytes === null) return [];
  const grow = problem.seqLenQ === problem.seqLenKv ? 'both' : 'keys';
  const found = longestOn(gpu, problem, algorithms, grow);
  if (found.length === 0) return [];
  const each = found.map(
    ({ row, longest }) => `${row.id} ${formatInteger(longest.seqLen)}${ends[longest.limitedBy]}`,
  );
  const what = grow === 'both' ? 'Longest sequence' : 'Most keys';
  return [
    `${what} in ${formatBytes(gpu.memoryBytes)} of ${escapeMarkdown(gpu.name)} (exact): ${each.join(', ')}.`,
  ];
}

/** Where the length alone is missing, the longest that fits needs no guess. */
function longestUnknown(options: SiteHoverOptions, { missing }: SiteProblem): string[] {
  const isLength = (field: SizeField) => field === 'seqLenQ' || field === 'seqLenKv';
  const [length] = missing;
  if (missing.length !== 1 || length?.fields.length !== 2 || !length.fields.every(isLength)) return [];
  const any = Object.fromEntries(sizeFields.filter(isLength).map((field) => [field, 1]));
  const { symbols, ...rest } = options.site;
  const open = Object.fromEntries(Object.entries(symbols).filter(([field]) => !isLength(field as SizeField)));
  const { problem } = siteProblem({ ...rest, symbols: open }, options.values, any);
  return problem?.ok ? longestLine(options, problem.value) : [];
}

function evidence({ site, evidenceLink }: SiteHoverOptions): string {
  const lines = site.evidence.slice(0, mostEvidence).map((each) => {
    const place = each.file === undefined ? '' : `${shortened(each.file.split(/[\\/]/).at(-1) ?? '')} `;
    const cell = each.cell === undefined ? '' : `cell ${each.cell + 1} `;
    const label = `${place}${cell}line ${each.line}`;
    const link = evidenceLink(each, label) ?? escapeMarkdown(label);
    return `${link}: ${escapeMarkdown(shortened(each.text.trim()))}${each.kind === 'literal' || each.kind === 'call' ? '' : ` *(${each.kind})*`}`;
  });
  return lines.length > 0 ? `From  \n${lines.join('  \n')}` : '';
}
