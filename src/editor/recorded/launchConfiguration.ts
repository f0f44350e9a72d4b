import type { Result } from '../../attention/shape.ts';

/** A launch configuration as it stands in launch.json, unchecked. */
export type LaunchConfiguration = Readonly<Record<string, unknown>>;

const types = ['debugpy', 'python'];

/** Launch configurations that run a Python program, by their name. What is malformed or of another kind is left out. */
export function pythonLaunches(configurations: unknown): (LaunchConfiguration & { name: string })[] {
  if (!Array.isArray(configurations)) return [];
  return configurations.filter(
    (each): each is LaunchConfiguration & { name: string } =>
      typeof each === 'object' &&
      each !== null &&
      typeof each.name === 'string' &&
      each.request === 'launch' &&
      types.includes(each.type) &&
      (typeof each.program === 'string' || typeof each.module === 'string'),
  );
}

/**
 * The same launch with the probe in front of its program; variables such as `${file}` are left to VS Code. All
 * else, the interpreter, the folder and the environment too, stays as it is written.
 */
export function withProbe(
  configuration: LaunchConfiguration,
  { probe, out }: { probe: string; out: string },
): Result<LaunchConfiguration> {
  const { program, module, args = [], name, ...rest } = configuration;
  const target =
    typeof module === 'string' ? ['-m', module] : typeof program === 'string' ? ['--', program] : null;
  if (!target) return { ok: false, error: 'the launch configuration names neither a program nor a module' };
  const own = ['--out', out, ...target];
  let all: string | string[];
  if (typeof args === 'string') all = [...own.map(quoted), args].join(' ');
  else if (Array.isArray(args)) all = [...own, ...args.map(String)];
  else return { ok: false, error: 'args of the launch configuration is neither a list nor a text' };
  return {
    ok: true,
    value: { ...rest, name: `${String(name)} (recording shapes)`, program: probe, args: all },
  };
}

/** One argument of a command line that a shell splits. */
function quoted(argument: string): string {
  return /^[\w./:@%+=,$\\{}-]+$/.test(argument) ? argument : `"${argument.replace(/["\\]/g, '\\$&')}"`;
}
