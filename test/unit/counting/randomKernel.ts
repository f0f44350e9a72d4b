import fc from 'fast-check';

/**
 * Random kernels whose control flow depends on the invocation alone, so that a few lines of TypeScript can say
 * exactly how often each buffer is accessed, without knowing anything about the rewrite.
 */
export const invocations = 64;

type Lane = { modulus: number; rest: number };

type Expr =
  | { is: 'literal'; value: number }
  | { is: 'vector'; index: Index; part: 'whole' | 'x' | 'xyz' | 'pointer' }
  | { is: 'row'; index: Index; member: 'w[1]' | 'm[1].y' | 'n.v.z' }
  | { is: 'own' }
  | { is: 'sum'; left: Expr; right: Expr }
  | { is: 'short'; operator: '&&' | '||'; lane: Lane; right: Expr }
  | { is: 'call'; argument: Expr };

type Index = { offset: number; through: Expr | null };

type Statement =
  | { is: 'store'; operator: '=' | '+=' | '-='; value: Expr; deref: boolean }
  | { is: 'scale' }
  | { is: 'atomic'; slot: number }
  | { is: 'if'; lane: Lane; met: Statement[]; otherwise: Statement[] }
  | { is: 'for'; trips: number; condition: Expr | null; update: Expr | null; body: Statement[] }
  | { is: 'loop'; trips: number; body: Statement[]; continuing: Expr }
  | { is: 'return'; lane: Lane };

export type RandomKernel = { helper: Expr; body: Statement[] };

const lane = fc
  .tuple(fc.integer({ min: 2, max: 5 }), fc.nat(4))
  .map(([modulus, rest]): Lane => ({ modulus, rest: rest % modulus }));

function expression(allowCall: boolean): fc.Arbitrary<Expr> {
  return fc.letrec<{ expr: Expr; index: Index }>((tie) => ({
    index: fc.record({ offset: fc.nat(63), through: fc.option(tie('expr'), { maxDepth: 2, freq: 3 }) }),
    expr: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.record({ is: fc.constant('literal' as const), value: fc.nat(9) }),
      fc.record({
        is: fc.constant('vector' as const),
        index: tie('index'),
        part: fc.constantFrom('whole' as const, 'x' as const, 'xyz' as const, 'pointer' as const),
      }),
      fc.record({
        is: fc.constant('row' as const),
        index: tie('index'),
        member: fc.constantFrom('w[1]' as const, 'm[1].y' as const, 'n.v.z' as const),
      }),
      fc.record({ is: fc.constant('own' as const) }),
      fc.record({ is: fc.constant('sum' as const), left: tie('expr'), right: tie('expr') }),
      fc.record({
        is: fc.constant('short' as const),
        operator: fc.constantFrom('&&' as const, '||' as const),
        lane,
        right: tie('expr'),
      }),
      ...(allowCall ? [fc.record({ is: fc.constant('call' as const), argument: tie('expr') })] : []),
    ),
  })).expr;
}

const value = expression(true);
const trips = fc.integer({ min: 1, max: 3 });

const statements = fc.letrec<{ one: Statement; many: Statement[] }>((tie) => ({
  many: fc.array(tie('one'), { minLength: 1, maxLength: 3 }),
  one: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.record({
      is: fc.constant('store' as const),
      operator: fc.constantFrom('=' as const, '+=' as const, '-=' as const),
      value,
      deref: fc.boolean(),
    }),
    fc.record({ is: fc.constant('scale' as const) }),
    fc.record({ is: fc.constant('atomic' as const), slot: fc.nat(3) }),
    fc.record({ is: fc.constant('return' as const), lane }),
    fc.record({ is: fc.constant('if' as const), lane, met: tie('many'), otherwise: tie('many') }),
    fc.record({
      is: fc.constant('for' as const),
      trips,
      condition: fc.option(value),
      update: fc.option(value),
      body: tie('many'),
    }),
    fc.record({ is: fc.constant('loop' as const), trips, body: tie('many'), continuing: value }),
  ),
})).many;

export const randomKernel: fc.Arbitrary<RandomKernel> = fc.record({
  helper: expression(false),
  body: fc.array(statements, { minLength: 1, maxLength: 2 }).map((lists) => lists.flat()),
});

/** Bindings 0 to 3; V and R are read only. */
export function printKernel(kernel: RandomKernel): string {
  return `struct Nest { v: vec3f }
struct Row { w: array<f32, 4>, m: mat2x2f, n: Nest }
@group(0) @binding(0) var<storage, read> V: array<vec4f, 64>;
@group(0) @binding(1) var<storage, read> R: array<Row, 64>;
@group(0) @binding(2) var<storage, read_write> O: array<f32, ${invocations}>;
@group(0) @binding(3) var<storage, read_write> C: array<atomic<u32>, 4>;
fn at(p: ptr<storage, array<vec4f, 64>, read>, k: u32) -> f32 { return p[k].w; }
fn helper(i: u32, value: f32) -> f32 { return value + ${printExpr(kernel.helper)}; }
@compute @workgroup_size(32) fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  _ = &V; _ = &R; _ = &C; _ = &O;
${printAll(kernel.body)}
}
`;
}

function printExpr(expr: Expr): string {
  switch (expr.is) {
    case 'literal':
      return `${expr.value}.5`;
    case 'vector': {
      const index = printIndex(expr.index);
      if (expr.part === 'whole') return `dot(V[${index}], vec4f(0.25))`;
      if (expr.part === 'pointer') return `at(&V, ${index})`;
      return expr.part === 'x' ? `V[${index}].x` : `dot(V[${index}].xyz, vec3f(0.5))`;
    }
    case 'row':
      return `R[${printIndex(expr.index)}].${expr.member}`;
    case 'own':
      return 'O[i]';
    case 'sum':
      return `(${printExpr(expr.left)} + ${printExpr(expr.right)})`;
    case 'short':
      return `select(0.0, 1.0, ${printLane(expr.lane)} ${expr.operator} ${printExpr(expr.right)} > 2.0)`;
    case 'call':
      return `helper(i, ${printExpr(expr.argument)})`;
  }
}

function printIndex(index: Index): string {
  const through = index.through ? ` + u32(abs(${printExpr(index.through)}))` : '';
  return `(i + ${index.offset}u${through}) % 64u`;
}

const printLane = (lane: Lane) => `(i % ${lane.modulus}u == ${lane.rest}u)`;
const printAll = (list: Statement[]): string => list.map(printStatement).join('\n');

function printStatement(statement: Statement): string {
  switch (statement.is) {
    case 'store': {
      const { operator, value } = statement;
      return statement.deref
        ? `{ let p = &O[i]; *p ${operator} ${printExpr(value)}; }`
        : `O[i] ${operator} ${printExpr(value)};`;
    }
    case 'scale':
      return 'O[i] *= 0.5;';
    case 'atomic':
      return `atomicAdd(&C[${statement.slot}], 1);`;
    case 'return':
      return `if ${printLane(statement.lane)} { return; }`;
    case 'if':
      return `if ${printLane(statement.lane)} {\n${printAll(statement.met)}\n} else {\n${printAll(statement.otherwise)}\n}`;
    case 'for': {
      const condition = statement.condition ? ` && ${printExpr(statement.condition)} > -1e9` : '';
      const update = statement.update ? `O[i] += ${printExpr(statement.update)}` : '';
      return `for (var k = 0u; k < ${statement.trips}u${condition}; ${update}) {\n k++;\n${printAll(statement.body)}\n}`;
    }
    case 'loop':
      return `{ var k = 0u; loop {\n${printAll(statement.body)}\ncontinuing { k++; O[i] = ${printExpr(statement.continuing)}; break if k >= ${statement.trips}u; } } }`;
  }
}

/** Accesses of one buffer. */
export interface Accesses {
  loads: number;
  readBytes: number;
  stores: number;
  writeBytes: number;
}

class Returned extends Error {}

/** What a run over all invocations accesses, by buffer. */
export function simulate(kernel: RandomKernel): Record<string, Accesses> {
  const totals: Record<string, Accesses> = {};
  const of = (buffer: string) => {
    totals[buffer] ??= { loads: 0, readBytes: 0, stores: 0, writeBytes: 0 };
    return totals[buffer];
  };
  const load = (buffer: string, bytes: number) => {
    of(buffer).loads++;
    of(buffer).readBytes += bytes;
  };
  const store = (buffer: string) => {
    of(buffer).stores++;
    of(buffer).writeBytes += 4;
  };
  for (let i = 0; i < invocations; i++) {
    const holds = (lane: Lane) => i % lane.modulus === lane.rest;
    const evaluate = (expr: Expr): void => {
      switch (expr.is) {
        case 'literal':
          return;
        case 'vector':
          if (expr.index.through) evaluate(expr.index.through);
          load('V', { whole: 16, x: 4, xyz: 12, pointer: 4 }[expr.part]);
          return;
        case 'row':
          if (expr.index.through) evaluate(expr.index.through);
          load('R', 4);
          return;
        case 'own':
          load('O', 4);
          return;
        case 'sum':
          evaluate(expr.left);
          evaluate(expr.right);
          return;
        case 'short':
          if (holds(expr.lane) === (expr.operator === '&&')) evaluate(expr.right);
          return;
        case 'call':
          evaluate(expr.argument);
          evaluate(kernel.helper);
      }
    };
    const all = (list: Statement[]) => {
      for (const statement of list) execute(statement);
    };
    const execute = (statement: Statement): void => {
      switch (statement.is) {
        case 'store':
          evaluate(statement.value);
          if (statement.operator !== '=') load('O', 4);
          store('O');
          return;
        case 'scale':
          load('O', 4);
          store('O');
          return;
        case 'atomic':
          load('C', 4);
          store('C');
          return;
        case 'return':
          if (holds(statement.lane)) throw new Returned();
          return;
        case 'if':
          all(holds(statement.lane) ? statement.met : statement.otherwise);
          return;
        case 'for':
          for (let k = 0; ; ) {
            if (k >= statement.trips) return;
            if (statement.condition) evaluate(statement.condition);
            k++;
            all(statement.body);
            if (!statement.update) continue;
            evaluate(statement.update);
            load('O', 4);
            store('O');
          }
        case 'loop':
          for (let k = 0; k < statement.trips; k++) {
            all(statement.body);
            evaluate(statement.continuing);
            store('O');
          }
      }
    };
    try {
      all(kernel.body);
    } catch (error) {
      if (!(error instanceof Returned)) throw error;
    }
  }
  return totals;
}
