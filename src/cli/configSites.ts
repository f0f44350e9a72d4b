import type { Window } from '../attention/problem.ts';
import { type ConfigSite, configSites } from '../shapes/modelConfig/configSites.ts';
import { type AttentionSite, unknownProblem } from '../shapes/site.ts';

/** The layers of a model configuration as sites; null where the text is none. */
export function modelConfigSites(file: string, text: string): AttentionSite[] | null {
  const found = configSites(file, text);
  return found.ok ? found.value.map(asSite) : null;
}

function asSite({ line, column, problem, symbols, basis, evidence, layers }: ConfigSite): AttentionSite {
  const { name, count, obstacle } = layers;
  const window: Window | null = problem.window && { left: problem.window[0], right: problem.window[1] };
  const what = `${count === null ? '' : `${count} x `}${name}`;
  return {
    ...{ line, column: column - 1, endLine: line, endColumn: column, api: 'config' },
    callee: obstacle === null ? what : `${what}: ${obstacle}`,
    problem: { ...unknownProblem(), ...problem, window },
    symbols: { ...symbols },
    basis: { ...basis },
    evidence,
    choices: {},
    tensors: [],
  };
}
