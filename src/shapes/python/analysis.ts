import type { ClassDef, Expression, FunctionDef } from './ast.ts';
import type { Dim } from './dim.ts';
import { Symbols } from './dim.ts';
import type { SiteDraft } from './draft.ts';
import type { Sym } from './polynomial.ts';
import type { Source } from './source.ts';
import type { Instance, ModuleScope, Scope, Value } from './value.ts';

/** Thrown where a file costs more than it may; what was found until then stays. */
export class OutOfSteps extends Error {}

/** Finds the source of another file of the project by its import path; null where it is not at hand. */
export type ResolveModule = (path: string, from: string | null) => Source | null;

/** Arguments of one call of a function or class of the file. */
export interface CapturedCall {
  args: Map<string, Value>;
  node: Expression;
}

export interface Module extends ModuleScope {
  sources: Source[];
  scope: Scope;
  /** Functions and classes that nobody asked for yet. */
  lazy: Map<string, () => Value>;
  ran: boolean;
}

const mostCaptured = 12;

/** State of one analysis of one file: symbols, steps left, calls seen, sites found. */
export class Analysis {
  readonly symbols = new Symbols();
  readonly captured = new Map<FunctionDef | ClassDef, CapturedCall[]>();
  readonly drafts: SiteDraft[] = [];
  /** What the code calls a size that it computes: `head_dim` for `dim // num_heads`. */
  readonly aliases = new Map<string, string>();
  readonly modules = new Map<string, Module>();
  readonly selves = new Map<ClassDef, Instance>();
  /** Functions that were run to see what they call. */
  readonly visited = new Set<FunctionDef>();
  /** What a chosen branch says of symbols: in `if Tq == 1:` Tq is 1. */
  assumptions = new Map<Sym, Dim>();
  /** Sites are recorded only in the function that is looked at, not in what it calls. */
  recording = false;
  inlineDepth = 0;
  callerDepth = 0;
  branchDepth = 0;
  /** Branches around the statement, taken for certain or not. */
  conditions = 0;
  loopDepth = 0;
  readonly running: (FunctionDef | ClassDef)[] = [];
  private steps = 0;
  readonly main: Module;
  readonly resolve: ResolveModule;

  constructor(sources: Source[], resolve: ResolveModule) {
    this.resolve = resolve;
    this.main = makeModule(sources, sources[0]?.file ?? null);
  }

  tick(cost = 1): void {
    this.steps -= cost;
    if (this.steps < 0) throw new OutOfSteps('out of steps');
  }

  /** Grants so many steps from here on. */
  grant(steps: number): void {
    this.steps = steps;
  }

  /** Runs something that may take so many steps at most; where it takes more it ends where it is. */
  within(steps: number, run: () => void): void {
    const before = this.steps;
    const { assumptions, recording, inlineDepth, branchDepth, conditions, loopDepth } = this;
    const depth = this.running.length;
    this.steps = Math.min(before, steps);
    const granted = this.steps;
    try {
      run();
    } catch (error) {
      // A chain of calls too deep for the stack is one more kind of too much.
      if (!(error instanceof OutOfSteps) && !(error instanceof RangeError)) throw error;
      Object.assign(this, { assumptions, recording, inlineDepth, branchDepth, conditions, loopDepth });
      this.running.length = depth;
    }
    this.steps = before - (granted - this.steps);
  }

  capture(def: FunctionDef | ClassDef, call: CapturedCall): void {
    const list = this.captured.get(def) ?? [];
    this.captured.set(def, list);
    if (list.length < mostCaptured && !list.some(({ node }) => node === call.node)) list.push(call);
  }
}

export function makeModule(sources: Source[], path: string | null): Module {
  const module = { path, sources, lazy: new Map(), ran: false } as unknown as Module;
  module.scope = { names: new Map(), parent: null, module, owner: null };
  return module;
}
