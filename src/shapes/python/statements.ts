import type { Analysis } from './analysis.ts';
import { annotatedShape } from './annotations.ts';
import { binary } from './arithmetic.ts';
import type { Expression, Statement } from './ast.ts';
import { commentOf, shapeInComment } from './comments.ts';
import * as dims from './dim.ts';
import { element, evaluate, itemsOf } from './evaluate.ts';
import { fact } from './fact.ts';
import { runEntry } from './functions.ts';
import { joinNames } from './join.ts';
import { asTensor } from './ops/operation.ts';
import { bind } from './scope.ts';
import { assignTo } from './targets.ts';
import { truthOf } from './truth.ts';
import { type FunctionValue, opaque, type Scope, tensor, type Value } from './value.ts';

/** Whether control goes on behind a statement. */
type Flow = 'next' | 'left';

/** Runs statements in order; values of `return` are added to `returns`. */
export function execute(
  analysis: Analysis,
  statements: readonly Statement[],
  scope: Scope,
  returns: Value[],
): Flow {
  const inner: FunctionValue[] = [];
  let flow: Flow = 'next';
  for (const statement of statements) {
    analysis.tick();
    if (statement.kind === 'function' && scope.parent !== null) {
      const value: FunctionValue = { kind: 'function', def: statement, scope, self: null };
      bind(scope, statement.name, value);
      inner.push(value);
      continue;
    }
    flow = run(analysis, statement, scope, returns);
    if (flow === 'left') break;
  }
  // Functions inside functions see the names as they are in the end.
  if (analysis.recording) for (const { def } of inner) runEntry(analysis, def, scope, null, true);
  return flow;
}

function run(analysis: Analysis, statement: Statement, scope: Scope, returns: Value[]): Flow {
  switch (statement.kind) {
    case 'assign': {
      const value = readComment(
        analysis,
        statement,
        evaluate(analysis, statement.value, scope),
        statement.targets,
      );
      for (const target of statement.targets) assignTo(analysis, target, value, scope);
      return 'next';
    }
    case 'annotated': {
      const shaped = annotatedShape(analysis, statement.annotation);
      const value = statement.value ? evaluate(analysis, statement.value, scope) : null;
      if (value)
        assignTo(
          analysis,
          statement.target,
          value.kind === 'opaque' && shaped ? tensor(shaped.shape, shaped.dtype) : value,
          scope,
        );
      return 'next';
    }
    case 'augmented': {
      const left = evaluate(analysis, statement.target, scope);
      const right = evaluate(analysis, statement.value, scope);
      assignTo(
        analysis,
        statement.target,
        binary(analysis, statement.value, statement.operator, left, right),
        scope,
      );
      return 'next';
    }
    case 'expression':
      evaluate(analysis, statement.value, scope);
      return 'next';
    case 'return':
      returns.push(
        statement.value
          ? evaluate(analysis, statement.value, scope)
          : { kind: 'none', fact: fact('literal', statement) },
      );
      return 'left';
    case 'stop':
      return 'left';
    case 'if':
      return runIf(analysis, statement, scope, returns);
    case 'for':
    case 'while':
      return runLoop(analysis, statement, scope, returns);
    case 'with':
      for (const { value, target } of statement.items) {
        const entered = evaluate(analysis, value, scope);
        if (target) assignTo(analysis, target, entered.kind === 'instance' ? entered : opaque(), scope);
      }
      return execute(analysis, statement.body, scope, returns);
    case 'try':
      return runTry(analysis, statement, scope, returns);
    case 'function':
      bind(scope, statement.name, { kind: 'function', def: statement, scope, self: null });
      return 'next';
    case 'class':
      bind(scope, statement.name, { kind: 'class', def: statement, scope });
      return 'next';
    case 'imports':
      for (const { path, as } of statement.names) bind(scope, as, { kind: 'ref', path });
      return 'next';
    case 'assert':
      learn(analysis, statement.test, scope);
      return 'next';
    default:
      if (statement.kind === 'other')
        for (const child of statement.children) evaluate(analysis, child, scope);
      return 'next';
  }
}

/** `x = f(y)  # (B, nh, T, hs)`: the comment tells what the code does not. */
function readComment(
  analysis: Analysis,
  statement: Statement,
  value: Value,
  targets: readonly Expression[],
): Value {
  const unknown =
    value.kind === 'opaque' ? value.tensor?.shape == null : value.kind === 'tensor' && !value.shape;
  if (!unknown || targets.length !== 1 || targets[0]!.kind !== 'name') return value;
  const comment = commentOf(statement);
  const shape = comment ? shapeInComment(analysis, comment, fact('comment', statement)) : null;
  if (!shape) return value;
  const made = asTensor(value);
  if (!made || made.partial) return value;
  return { ...made, shape };
}

/** What holds behind `assert B == 1`: the size is that number from here on. */
function learn(analysis: Analysis, test: Expression, scope: Scope): void {
  if (test.kind === 'boolean' && test.operator === 'and') {
    learn(analysis, test.left, scope);
    learn(analysis, test.right, scope);
    return;
  }
  if (test.kind !== 'compare' || test.operators.some((operator) => operator !== '==')) {
    evaluate(analysis, test, scope);
    return;
  }
  const values = [test.left, ...test.rights].map((side) => evaluate(analysis, side, scope));
  const numbers = values.map((value) => (value.kind === 'int' ? dims.sizeOf(value.dim) : null));
  const known = numbers.find((value) => value !== null);
  if (known === undefined || known === null) return;
  for (const value of values) {
    const dim = value.kind === 'int' ? value.dim : value.kind === 'opaque' ? value.dim : null;
    const sym = dim && dims.symbolOf(dim);
    if (!sym || sym.known) continue;
    const origin = fact('literal', test);
    // Inside a branch it holds for the branch.
    if (analysis.conditions > 0) analysis.assumptions.set(sym, dims.number(known, origin));
    else sym.known = { value: known, fact: origin };
  }
}

function runIf(
  analysis: Analysis,
  statement: Extract<Statement, { kind: 'if' }>,
  scope: Scope,
  returns: Value[],
): Flow {
  const test = evaluate(analysis, statement.test, scope);
  const truth = test.kind === 'tensor' ? null : truthOf(test);
  const before = new Map(scope.names);
  const takesYes = truth?.value !== false;
  const takesNo = truth?.value !== true;
  if (!takesYes && !takesNo) return 'next';
  // A branch that is not taken with these values still has calls in it that are worth showing.
  const attempt = (
    branch: readonly Statement[],
    taken: boolean,
    side: boolean,
  ): { flow: Flow; names: Map<string, Value> } | null => {
    if (!taken && !(analysis.recording && branch.length > 0)) return null;
    scope.names = new Map(before);
    const kept = analysis.assumptions;
    analysis.assumptions = side ? assume(analysis, statement.test, scope) : new Map(kept);
    analysis.branchDepth += truth ? 0 : 1;
    analysis.conditions++;
    const flow = execute(analysis, branch, scope, taken ? returns : []);
    analysis.branchDepth -= truth ? 0 : 1;
    analysis.conditions--;
    analysis.assumptions = kept;
    return taken ? { flow, names: scope.names } : null;
  };
  if (!takesYes) attempt(statement.yes, false, true);
  if (takesYes && !takesNo) attempt(statement.no, false, false);
  const yes = takesYes ? attempt(statement.yes, true, true) : null;
  const no = takesNo ? attempt(statement.no, true, false) : null;
  const alive = [yes, no].filter((branch) => branch?.flow === 'next');
  if (alive.length === 0) {
    scope.names = before;
    return 'left';
  }
  scope.names =
    alive.length === 2 ? joinNames(alive[0]!.names, alive[1]!.names, analysis.symbols) : alive[0]!.names;
  return 'next';
}

/** In the branch of `if Tq == 1:` and `if Tq == Tk:` the first is the second. */
function assume(analysis: Analysis, test: Expression, scope: Scope): Analysis['assumptions'] {
  const assumptions = new Map(analysis.assumptions);
  const visit = (node: Expression): void => {
    if (node.kind === 'boolean' && node.operator === 'and') {
      visit(node.left);
      visit(node.right);
    }
    if (node.kind !== 'compare' || node.operators.length !== 1 || node.operators[0] !== '==') return;
    const [left, right] = [node.left, node.rights[0]!].map((side) => evaluate(analysis, side, scope));
    if (left?.kind !== 'int' || right?.kind !== 'int') return;
    const [a, b] = [dims.symbolOf(left.dim), dims.symbolOf(right.dim)];
    if (b && !b.known && dims.sizeOf(right.dim) === null) assumptions.set(b, left.dim);
    else if (a && !a.known) assumptions.set(a, right.dim);
  };
  visit(test);
  return assumptions;
}

/** A loop's body runs twice: once to see what it changes, then with what holds in every turn. */
function runLoop(
  analysis: Analysis,
  statement: Extract<Statement, { kind: 'for' | 'while' }>,
  scope: Scope,
  returns: Value[],
): Flow {
  const bindTarget = () => {
    if (statement.kind !== 'for') {
      evaluate(analysis, statement.test, scope);
      return;
    }
    assignTo(
      analysis,
      statement.target,
      element(analysis, evaluate(analysis, statement.iterable, scope)),
      scope,
    );
  };
  const items = statement.kind === 'for' && itemsOf(evaluate(analysis, statement.iterable, scope));
  const before = new Map(scope.names);
  const once = items && items.length === 1;
  analysis.branchDepth++;
  analysis.loopDepth++;
  if (!once && analysis.loopDepth <= 3) {
    const recording = analysis.recording;
    analysis.recording = false;
    bindTarget();
    execute(analysis, statement.body, scope, []);
    analysis.recording = recording;
    scope.names = joinNames(before, scope.names, analysis.symbols);
    for (const name of [...scope.names.keys()]) if (!before.has(name)) scope.names.delete(name);
  }
  bindTarget();
  execute(analysis, statement.body, scope, returns);
  analysis.loopDepth--;
  analysis.branchDepth--;
  // What the last turn left behind; a loop that never turns leaves what was.
  scope.names = joinNames(before, scope.names, analysis.symbols);
  execute(analysis, statement.otherwise, scope, returns);
  return 'next';
}

function runTry(
  analysis: Analysis,
  statement: Extract<Statement, { kind: 'try' }>,
  scope: Scope,
  returns: Value[],
): Flow {
  const before = new Map(scope.names);
  let flow = execute(analysis, statement.body, scope, returns);
  let names = scope.names;
  for (const handler of statement.handlers) {
    scope.names = new Map(before);
    const handled = execute(analysis, handler, scope, returns);
    // The names of the body win: a handler is for machines that lack something.
    if (flow === 'left' && handled === 'next') [flow, names] = ['next', scope.names];
    else for (const [name, value] of scope.names) if (!names.has(name)) names.set(name, value);
  }
  scope.names = names;
  if (execute(analysis, statement.after, scope, returns) === 'left') flow = 'left';
  return flow;
}
