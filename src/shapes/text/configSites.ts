import type { AttentionSite } from '../site.ts';
import { readConfigLines, wholeNumber } from './configLines.ts';
import { literal } from './known.ts';
import { LineIndex } from './lines.ts';
import { type Setting, siteOfSettings } from './settings.ts';
import { siteOf } from './site.ts';
import { roleOf } from './sizeNames.ts';

const mostSections = 1000;
/** A section with more keys is a table of data. */
const mostSettings = 500;

/** Sections of YAML, TOML and INI files that name the sizes of attention; each section for itself. */
export function configSites(text: string, kind: 'yaml' | 'toml'): AttentionSite[] {
  if (!/head/i.test(text)) return [];
  const lines = new LineIndex(text);
  const sections = new Map<string, (Setting & { end: number })[]>();
  for (const { section, key, value, start, end } of readConfigLines(text, kind)) {
    const number = wholeNumber(value);
    const size =
      number === null
        ? null
        : { ...literal(number), basis: 'config' as const, evidence: [lines.evidence(start, 'config')] };
    const list = sections.get(section) ?? [];
    // The same key twice in one section: a reader of the file keeps one of them, which one is not known.
    const repeated = list.find(({ name }) => name === key);
    if (repeated) repeated.size = null;
    else if (list.length <= mostSettings) list.push({ name: key, size, text: value, start, end });
    sections.set(section, list);
  }
  return [...sections].slice(0, mostSections).flatMap(([section, settings]) => {
    const heads = settings.find(({ name }) => roleOf(name) === 'heads');
    if (!heads || settings.length > mostSettings) return [];
    const callee = section.replace(/(?:^|\.)[-#][^.]*/g, '').replace(/#\d+$/, '');
    const draft = siteOfSettings(settings, { api: 'config', callee, derived: 'default' }, heads);
    return draft ? [siteOf({ ...draft, start: heads.start, end: heads.end }, lines)] : [];
  });
}
