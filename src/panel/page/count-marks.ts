import { countCheck } from '../model/checks.ts';
import { type Comparison, runNames } from '../model/comparison.ts';
import { h } from './dom.ts';

/** For each run with counts: that they equal the closed form, or loudly where they do not. */
export function countMarks({ runs }: Comparison): HTMLElement {
  const names = runNames(runs);
  const marks = runs.flatMap((run, index) => {
    const check = countCheck(run);
    if (check.kind === 'unknown') return [];
    if (check.kind === 'equal') {
      const text = `✓ ${names[index]}: counted = exact in all ${check.buffers} buffers`;
      return [h('li', { class: 'mark good' }, text)];
    }
    const item = h(
      'li',
      { class: 'mark bad' },
      h('strong', {}, `✗ ${names[index]}: counted ≠ exact. Do not trust this run.`),
      ...check.differences.map((difference) => h('span', { class: 'line' }, difference)),
    );
    return [item];
  });
  return h('ul', { class: 'marks', aria: { label: 'Check of the counts' } }, ...marks);
}
