import type { Comparison } from '../model/comparison.ts';
import { deviceView } from '../model/device.ts';
import { problemFacts } from '../model/problem.ts';
import { h } from './dom.ts';

/** What was profiled, and on what. */
export function documentHeader(comparison: Comparison): HTMLElement {
  const { problem, passes } = comparison;
  const device = deviceView(comparison.device);
  const facts = problem
    ? problemFacts(problem)
    : ['this document does not describe the problem of these runs'];
  return h(
    'header',
    {},
    h('h1', {}, `Attention ${passes.join(' and ')}`),
    h('ul', { class: 'facts' }, ...facts.map((fact) => h('li', {}, fact))),
    h(
      'p',
      { class: 'device' },
      h('span', { class: 'device-name' }, device.name),
      device.badge && h('span', { class: 'badge' }, device.badge),
      device.notice && h('span', { class: 'notice' }, device.notice),
      h('span', { class: 'quiet' }, device.facts.join(' · ')),
    ),
  );
}

/** Chooses among the comparisons of a document with several problems or devices. */
export function comparisonPicker(
  comparisons: readonly Comparison[],
  chosen: Comparison,
  onChoose: (key: string) => void,
): HTMLElement {
  const select = h(
    'select',
    { id: 'comparison', data: { focus: 'comparison' } },
    ...comparisons.map((comparison) => {
      const option = h('option', {}, labelOf(comparison));
      option.value = comparison.key;
      option.selected = comparison === chosen;
      return option;
    }),
  );
  select.addEventListener('change', () => onChoose(select.value));
  const label = h('label', {}, 'Showing ');
  label.setAttribute('for', select.id);
  return h('div', { class: 'picker' }, label, select);
}

function labelOf({ problem, device, runs }: Comparison): string {
  const name = problem?.id ?? runs[0]?.problem ?? 'unknown problem';
  return `${name}, ${deviceView(device).name}`;
}
