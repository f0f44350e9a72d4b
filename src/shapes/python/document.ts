import type { AttentionSite } from '../site.ts';
import { Analysis, OutOfSteps, type ResolveModule } from './analysis.ts';
import { classOf } from './callers.ts';
import { agree, finishSite } from './finish.ts';
import { runEntry } from './functions.ts';
import { runModule } from './modules.ts';
import { functionsIn, Source, type TopLevel } from './source.ts';
import type { SyntaxEdit, SyntaxParser, SyntaxTree } from './syntax.ts';

/** Text past this many characters is not analysed. */
export const longestPython = 4 * 2 ** 20;

/** Steps that one analysis may take; a step is an expression or a statement, about a microsecond. */
export const mostSteps = 1_500_000;
const stepsOfOne = 150_000;

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
    this.nearby.clear();
    if (this.tree) this.source.update(this.current, this.tree);
  }

  /** All attention call sites, in the order of the text. */
  sites(): AttentionSite[] {
    this.found ??= analyse([this.source], this.resolve, () => true, mostSteps);
    return this.found;
  }

  /** The sites of the function or class at a line (from 1); nothing else is looked at. */
  sitesNear(line: number): AttentionSite[] {
    if (this.found) return this.found.filter((site) => site.line <= line && line <= site.endLine);
    const { spans } = this.source;
    const span = spans.findLast(({ place }) => place.row < line);
    if (!span) return [];
    let sites = this.nearby.get(span);
    if (!sites) {
      sites = analyse([this.source], this.resolve, (candidate) => candidate === span, stepsOfOne);
      this.nearby.set(span, sites);
    }
    return sites.filter((site) => site.line <= line && line <= site.endLine);
  }

  dispose(): void {
    this.tree?.delete();
    this.tree = null;
    this.source.spans = [];
  }

  /** For the analysis of files that import this one. */
  get asSource(): Source {
    return this.source;
  }
}

/** The sites in those top-level statements that are wanted; several sources are one namespace, in order. */
export function analyse(
  sources: Source[],
  resolve: ResolveModule,
  wanted: (span: TopLevel) => boolean,
  steps: number,
): AttentionSite[] {
  const analysis = new Analysis(sources, resolve, steps);
  attempt(() => runModule(analysis, analysis.main, true));
  const aliases = aliasPattern(analysis);
  for (const source of sources) {
    for (const span of source.spans) {
      if (!span.isDefinition || !wanted(span) || !(worthALook.test(span.text) || aliases?.test(span.text)))
        continue;
      attempt(() => runSpan(analysis, source, span));
    }
  }
  return merge(analysis);
}

/** Stops quietly where a file asks for too much; what was found stays. */
function attempt(run: () => void): void {
  try {
    run();
  } catch (error) {
    // A chain of calls too deep for the stack is one more kind of too much.
    if (!(error instanceof OutOfSteps) && !(error instanceof RangeError)) throw error;
  }
}

function runSpan(analysis: Analysis, source: Source, span: TopLevel): void {
  for (const { def, owner } of functionsIn(source.statements(span))) {
    const type = owner ? classOf(analysis, analysis.main, owner) : null;
    attempt(() => runEntry(analysis, def, analysis.main.scope, type, true));
  }
}

/** Names that imports and assignments of the file give to attention functions. */
function aliasPattern(analysis: Analysis): RegExp | null {
  const names = [...analysis.main.scope.names].flatMap(([name, value]) =>
    value.kind === 'ref' && worthALook.test(value.path) && /^\w+$/.test(name) ? [name] : [],
  );
  return names.length > 0 ? new RegExp(`\\b(${names.join('|')})\\b`) : null;
}

function merge(analysis: Analysis): AttentionSite[] {
  const byPlace = new Map<string, AttentionSite>();
  for (const draft of analysis.drafts) {
    if (draft.node.place.file !== null) continue;
    const site = finishSite(draft, analysis.aliases);
    const key = `${site.cell ?? ''}:${site.line}:${site.column}`;
    const known = byPlace.get(key);
    byPlace.set(key, known ? agree(known, site) : site);
  }
  return [...byPlace.values()].sort(
    (a, b) => (a.cell ?? 0) - (b.cell ?? 0) || a.line - b.line || a.column - b.column,
  );
}
