import type { Parameter } from './ast.ts';
import type { BoundArguments, Value } from './value.ts';

/** Which argument each parameter gets; parameters that get none are absent. */
export function bindArguments(
  parameters: readonly Parameter[],
  args: BoundArguments,
  hasSelf: boolean,
): Map<string, Value> {
  const bound = new Map<string, Value>();
  const positional = parameters.filter((parameter) => parameter.splat === 0 && !parameter.keywordOnly);
  const names = hasSelf ? positional.slice(1) : positional;
  const rest = [...args.positional];
  for (const parameter of names) {
    if (args.keywords.has(parameter.name) || rest.length === 0) continue;
    bound.set(parameter.name, rest.shift()!);
  }
  const variadic = parameters.find((parameter) => parameter.splat === 1);
  if (variadic && !args.open) bound.set(variadic.name, { kind: 'sequence', items: rest });
  const taken = new Set(
    parameters.filter((parameter) => parameter.splat === 0).map((parameter) => parameter.name),
  );
  const extra = new Map<string, Value>();
  for (const [name, value] of args.keywords) {
    if (taken.has(name)) bound.set(name, value);
    else extra.set(name, value);
  }
  const keywords = parameters.find((parameter) => parameter.splat === 2);
  if (keywords) bound.set(keywords.name, { kind: 'dict', entries: extra, open: args.open });
  return bound;
}

/** The same for a row of the table of APIs, where names behind `*` are keywords only. */
export function bindNames(names: readonly string[], args: BoundArguments): Map<string, Value> {
  const bound = new Map(args.keywords);
  for (const [index, value] of args.positional.entries()) {
    const name = names[index];
    if (name === undefined || name === '*') break;
    if (!bound.has(name)) bound.set(name, value);
  }
  return bound;
}
