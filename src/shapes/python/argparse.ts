import type { Analysis } from './analysis.ts';
import type { Expression } from './ast.ts';
import { valued } from './classes.ts';
import { fact } from './fact.ts';
import { type BoundArguments, type Opaque, opaque, type Value } from './value.ts';

/** `parser.add_argument("--num-heads", type=int, default=32)`: the default of what `parse_args()` has. */
export function addArgument(
  analysis: Analysis,
  parser: Opaque,
  args: BoundArguments,
  node: Expression,
): void {
  const flags = args.positional.flatMap((value) => (value.kind === 'string' ? [value.value] : []));
  const long = flags.find((flag) => flag.startsWith('--')) ?? flags[0];
  const target = args.keywords.get('dest');
  const name = target?.kind === 'string' ? target.value : long?.replace(/^-+/, '').replaceAll('-', '_');
  if (!name) return;
  parser.attributes ??= new Map();
  parser.attributes.set(name, argparseDefault(analysis, args.keywords.get('default'), name, node));
}

function argparseDefault(
  analysis: Analysis,
  value: Value | undefined,
  name: string,
  node: Expression,
): Value {
  if (value?.kind === 'int') return valued(analysis, value, name, () => fact('default', node));
  if (value?.kind === 'string') return value;
  return opaque(name);
}
