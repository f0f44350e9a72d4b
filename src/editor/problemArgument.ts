import { findAlgorithm } from '../attention/catalogue.ts';
import type { Problem } from '../attention/problem.ts';
import { formatShape } from '../attention/shape.ts';
import { unsupported } from '../attention/support.ts';
import { documentProblem } from '../profiler/document/problem.ts';
import type { JobArgument } from './jobArgument.ts';

/**
 * What `attention.profile` takes for a problem, without what is off. Algorithms of the settings that cannot do the
 * problem are left out, as long as one remains that can.
 */
export function problemArgument(problem: Problem, algorithms: readonly string[]): JobArgument {
  const { window, lengths, packed, bias, alibi, softcap, sinks, dropout, blockMask, ringDevices } =
    documentProblem(problem);
  const options = { window, lengths, packed, bias, alibi, softcap, sinks, dropout, blockMask, ringDevices };
  const on = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
  const able = algorithms.filter((id) => {
    const row = findAlgorithm(id);
    return row && unsupported(row, problem, 'forward') === null;
  });
  return {
    shape: formatShape(problem),
    dtype: problem.dtype,
    ...(problem.causal ? { causal: problem.causal } : {}),
    ...on,
    ...(able.length > 0 && able.length < algorithms.length ? { algorithms: able } : {}),
  };
}
