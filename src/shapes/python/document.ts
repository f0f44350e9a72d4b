import type { AttentionSite } from '../site.ts';
import { Analysis, type ResolveModule } from './analysis.ts';
import { classOf } from './callers.ts';
import type { SiteDraft } from './draft.ts';
import { agree, finishSite } from './finish.ts';
import { runEntry } from './functions.ts';
import { runModule } from './modules.ts';
import { functionsIn, Source, type TopLevel } from './source.ts';
import type { SyntaxEdit, SyntaxParser, SyntaxTree } from './syntax.ts';

/** Text past this many characters is not analysed. */
export const longestPython = 4 * 2 ** 20;

/** Steps that one analysis may take; a step is an expression or a statement, about a microsecond. */
const mostSteps = 1_500_000;
const stepsOfModule = 100_000;
const stepsOfOne = 60_000;

/** A definition without any of these words in it calls no attention. */
const worthALook = /att(e)?n|sdpa|softmax|flash|multi_?head|mha|einsum|dot_product|sage/i;

/**
 * A Python file that keeps its tree. Give it every edit, ask for sites when they are wanted; only functions that
 * changed are read again. `dispose` frees the tree.
 */
export class PythonDocument {
  private readonly parser: SyntaxParser;
  private readonly source: Source;
  private readonly resolve: ResolveModule;
  private tree: SyntaxTree | null = null;
  private current = '';
  private found: AttentionSite[] | null = null;
  private read: Reading | null = null;
  private readonly nearby = new Map<TopLevel, AttentionSite[]>();

  /** @param file null for the file at hand; the name that evidence carries where it is another file. */
  constructor(
    parser: SyntaxParser,
    text: string,
    options: { resolve?: ResolveModule; file?: string | null } = {},
  ) {
    this.parser = parser;
    this.resolve = options.resolve ?? (() => null);
    this.source = new Source(options.file ?? null);
    this.parse(text);
  }

  get text(): string {
    return this.current;
  }

  /** Takes the new text; with the edits that led to it, in order, the parser reads only what changed. */
  update(text: string, edits: readonly SyntaxEdit[] = []): void {
    if (this.tree && edits.length > 0) for (const edit of edits) this.tree.edit(edit);
    else {
      this.tree?.delete();
      this.tree = null;
    }
    this.parse(text);
  }

  private parse(text: string): void {
    const old = this.tree;
    this.current = text.length > longestPython ? text.slice(0, longestPython) : text;
    this.tree = this.parser.parse(this.current, old);
    old?.delete();
    this.found = null;
    this.read = null;
    this.nearby.clear();
    if (this.tree) this.source.update(this.current, this.tree);
  }

  /** All attention call sites, in the order of the text. */
  sites(): AttentionSite[] {
    this.found ??= this.reading().sites();
    return this.found;
  }

  /** The sites that a line (from 1) touches; only the function or class around it is looked at, with what it needs. */
  sitesNear(line: number): AttentionSite[] {
    const sites = this.found ?? this.sitesOfSpan(line);
    return sites.filter((site) => site.line <= line && line <= site.endLine);
  }

  private sitesOfSpan(line: number): AttentionSite[] {
    const span = this.source.spans.findLast(({ place }) => place.row < line);
    if (!span) return [];
    const known = this.nearby.get(span) ?? this.reading().sitesOf(this.source, span);
    this.nearby.set(span, known);
    return known;
  }

  private reading(): Reading {
    this.read ??= new Reading([this.source], this.resolve);
    return this.read;
  }

  dispose(): void {
    this.tree?.delete();
    this.tree = null;
    this.read = null;
    this.nearby.clear();
    this.source.spans = [];
  }

  /** For the analysis of files that import this one. */
  get asSource(): Source {
    return this.source;
  }
}

/** One text read, as far as somebody asked; several sources are one namespace, in order. */
export class Reading {
  private readonly sources: Source[];
  private readonly analysis: Analysis;
  private readonly done = new Set<TopLevel>();
  private aliases: RegExp | null = null;
  private started = false;

  constructor(sources: Source[], resolve: ResolveModule) {
    this.sources = sources;
    this.analysis = new Analysis(sources, resolve);
  }

  /** The sites of all sources, in order. */
  sites(): AttentionSite[] {
    this.start(mostSteps);
    this.analysis.grant(mostSteps);
    for (const source of this.sources) for (const span of source.spans) this.run(source, span);
    return this.merge(() => true);
  }

  /** The sites of one top-level statement. */
  sitesOf(source: Source, span: TopLevel): AttentionSite[] {
    this.start(stepsOfModule);
    this.analysis.grant(stepsOfOne);
    this.run(source, span);
    return this.merge((draft) => draft.node.place === span.place);
  }

  private start(steps: number): void {
    if (this.started) return;
    this.started = true;
    this.analysis.grant(steps);
    this.analysis.within(steps, () => runModule(this.analysis, this.analysis.main, true));
    this.aliases = aliasPattern(this.analysis);
  }

  private run(source: Source, span: TopLevel): void {
    if (!span.isDefinition || this.done.has(span)) return;
    if (!worthALook.test(span.text) && !this.aliases?.test(span.text)) return;
    this.done.add(span);
    runSpan(this.analysis, source, span);
  }

  private merge(wanted: (draft: SiteDraft) => boolean): AttentionSite[] {
    const byPlace = new Map<string, AttentionSite>();
    for (const draft of this.analysis.drafts) {
      if (draft.node.place.file !== null || !wanted(draft)) continue;
      const site = finishSite(draft, this.analysis.aliases);
      const key = `${site.cell ?? ''}:${site.line}:${site.column}`;
      const known = byPlace.get(key);
      byPlace.set(key, known ? agree(known, site) : site);
    }
    return [...byPlace.values()].sort(
      (a, b) => (a.cell ?? 0) - (b.cell ?? 0) || a.line - b.line || a.column - b.column,
    );
  }
}

function runSpan(analysis: Analysis, source: Source, span: TopLevel): void {
  for (const { def, owner } of functionsIn(source.statements(span))) {
    const type = owner ? classOf(analysis, analysis.main, owner) : null;
    analysis.within(stepsOfOne, () => runEntry(analysis, def, analysis.main.scope, type, true));
  }
}

/** Names that imports and assignments of the file give to attention functions. */
function aliasPattern(analysis: Analysis): RegExp | null {
  const names = [...analysis.main.scope.names].flatMap(([name, value]) =>
    value.kind === 'ref' && worthALook.test(value.path) && /^\w+$/.test(name) ? [name] : [],
  );
  return names.length > 0 ? new RegExp(`\\b(${names.join('|')})\\b`) : null;
}
