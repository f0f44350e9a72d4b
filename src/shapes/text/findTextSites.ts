import { longestText } from '../literals.ts';
import type { AttentionSite } from '../site.ts';
import { codeSites } from './codeSites.ts';
import { configSites } from './configSites.ts';
import { kindOf, type TextKind } from './languages.ts';
import { LineIndex } from './lines.ts';
import { literalSites } from './literalSites.ts';
import { markdownBlocks } from './markdown.ts';
import { onnxSites } from './onnx.ts';
import { tableSites } from './tables.ts';

/** Longer texts are searched for literal shapes alone, and past `longestText` nothing is read. */
export const longestCode = 2 ** 19;

/** A block of a Markdown text past this many is not read. */
const mostBlocks = 200;

/**
 * The attention problems that a text other than Python speaks of: calls in JavaScript, TypeScript, C, C++ and CUDA,
 * records and configurations that name sizes, Markdown tables and code blocks, ONNX caches and shapes as they stand.
 * Nothing is run. What is not known is null; every size that is known has a basis, and the lines it was read from.
 *
 * `languageOrFile` is a language identifier of the editor (`typescript`, `cuda-cpp`) or a file name. Python and
 * notebooks have an analysis of their own: here they give nothing. Sites come in the order of the text.
 */
export function findTextSites(text: string, languageOrFile: string): AttentionSite[] {
  const kind = kindOf(languageOrFile);
  if (kind === 'none') return [];
  if (text.length > longestText) return findTextSites(text.slice(0, longestText), languageOrFile);
  const lines = new LineIndex(text);
  const found =
    text.length > longestCode ? [] : [...sitesOfKind(text, kind, lines), ...onnxSites(text, lines)];
  const claimed = linesOf(found);
  const isConfig = kind === 'json' && isModelConfig(text);
  const literals = isConfig ? [] : literalSites(text, lines);
  const others = literals.filter(({ line, endLine }) => !claimed.has(line) && !claimed.has(endLine));
  return [...found, ...others].sort((a, b) => a.line - b.line || a.column - b.column);
}

function sitesOfKind(text: string, kind: TextKind, lines: LineIndex): AttentionSite[] {
  switch (kind) {
    case 'script':
    case 'c':
      return codeSites(text, kind);
    case 'json':
      return isModelConfig(text) ? [] : codeSites(text, 'json');
    case 'yaml':
    case 'toml':
      return configSites(text, kind);
    case 'markdown':
      return markdownSites(text, lines);
    default:
      return tableSites(lines, 1, lines.locate(text.length).line);
  }
}

function markdownSites(text: string, lines: LineIndex): AttentionSite[] {
  const blocks = markdownBlocks(text, lines).slice(0, mostBlocks);
  const found: AttentionSite[] = [];
  let line = 1;
  for (const { language, firstLine, lastLine, text: inner } of blocks) {
    found.push(...tableSites(lines, line, firstLine - 2));
    line = lastLine + 2;
    const kind = language === '' ? 'plain' : kindOf(language);
    if (kind === 'plain' || kind === 'none' || kind === 'markdown') continue;
    found.push(...sitesOfKind(inner, kind, new LineIndex(inner)).map((site) => moved(site, firstLine - 1)));
  }
  found.push(...tableSites(lines, line, lines.locate(text.length).line));
  return found;
}

/** A site of a block, as it stands in the whole text. */
function moved(site: AttentionSite, by: number): AttentionSite {
  return {
    ...site,
    line: site.line + by,
    endLine: site.endLine + by,
    evidence: site.evidence.map((each) => ({ ...each, line: each.line + by })),
    tensors: site.tensors.map((each) => ({ ...each, line: each.line + by })),
  };
}

/** Lines that a site already explains: the same tensors are not listed a second time. */
function linesOf(sites: readonly AttentionSite[]): Set<number> {
  const claimed = new Set<number>();
  for (const { line, endLine, evidence } of sites) {
    for (let each = line; each <= Math.min(endLine, line + 1000); each++) claimed.add(each);
    for (const each of evidence) claimed.add(each.line);
  }
  return claimed;
}

/** Model configurations in JSON have a reader of their own. */
function isModelConfig(text: string): boolean {
  return /"(?:model_type|architectures)"\s{0,20}:/.test(text);
}
