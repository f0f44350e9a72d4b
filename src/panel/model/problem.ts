import { formatInteger } from '../../attention/units.ts';
import { optionWords } from '../../profiler/document/optionWords.ts';
import type { DocumentProblem } from '../../profiler/document/schema.ts';

/** A problem in words, a fact each: what is computed, in the order in which people say it. */
export function problemFacts(problem: DocumentProblem): string[] {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, dtype, causal } = problem;
  const facts = [`batch ${formatInteger(batch)}`, plural(heads, 'head')];
  facts.push(kvHeads === heads ? `${plural(kvHeads, 'kv head')}` : `${plural(kvHeads, 'kv head')} (grouped)`);
  facts.push(`${plural(seqLenQ, 'query', 'queries')} × ${plural(seqLenKv, 'key')}`);
  facts.push(headDimV === headDim ? `head dim ${headDim}` : `head dim ${headDim}, value dim ${headDimV}`);
  facts.push(dtype);
  facts.push(causal ? `causal, ${causal}` : 'not causal');
  return [...facts, ...optionWords(problem)];
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatInteger(count)} ${count === 1 ? one : many}`;
}
