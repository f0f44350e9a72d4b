import type { ProfileDocument } from '../../profiler/document/schema.ts';
import type { ChartModel } from '../model/chart.ts';
import { type Comparison, comparisonsOf } from '../model/comparison.ts';
import { memoryChart, memoryTable } from '../model/memory.ts';
import { readingOf } from '../model/reading.ts';
import { summaryTable } from '../model/summary.ts';
import type { TableModel } from '../model/table.ts';
import { timeChart, timeTable } from '../model/time.ts';
import { accountMeanings, trafficChart, trafficTable } from '../model/traffic.ts';
import { BarChart } from './bar-chart.ts';
import { countMarks } from './count-marks.ts';
import { h } from './dom.ts';
import { comparisonPicker, documentHeader } from './header.ts';
import { renderTable } from './table.ts';
import type { Theme } from './theme.ts';
import type { Tooltip } from './tooltip.ts';
import type { ViewChoices } from './view-state.ts';

interface DocumentViewOptions {
  document: ProfileDocument;
  choices: ViewChoices;
  tooltip: Tooltip;
  onChoices: (choices: ViewChoices) => void;
}

/** One document on the page: header, reading, and a section for each metric. */
export class DocumentView {
  readonly element: HTMLElement;
  /** The reading of the comparison on show, for announcements. */
  readonly reading: string;
  readonly #charts: BarChart[] = [];
  readonly #options: DocumentViewOptions;

  constructor(options: DocumentViewOptions) {
    this.#options = options;
    const comparisons = comparisonsOf(options.document);
    const chosen = comparisons.find(({ key }) => key === options.choices.comparison) ?? comparisons[0];
    this.reading = chosen ? readingOf(chosen) : 'No run yet.';
    this.element = h('div', { class: 'document' });
    if (comparisons.length > 1 && chosen) {
      const choose = (comparison: string) => this.#choose({ comparison });
      this.element.append(comparisonPicker(comparisons, chosen, choose));
    }
    if (chosen) this.element.append(...this.#sections(chosen));
    else this.element.append(h('p', { class: 'quiet' }, this.reading));
  }

  paint(theme: Theme): void {
    for (const chart of this.#charts) chart.paint(theme);
  }

  dispose(): void {
    for (const chart of this.#charts) chart.dispose();
  }

  #choose(change: Partial<ViewChoices>): void {
    this.#options.onChoices({ ...this.#options.choices, ...change });
  }

  #sections(comparison: Comparison): HTMLElement[] {
    const { tooltip, choices } = this.#options;
    return [
      documentHeader(comparison),
      h('p', { class: 'reading' }, this.reading),
      h(
        'section',
        { class: 'summary', aria: { label: 'Summary' } },
        renderTable(summaryTable(comparison), tooltip),
      ),
      this.#section('Time', [this.#chart(timeChart(comparison))], timeTable(comparison)),
      this.#section(
        'HBM accesses',
        [
          countMarks(comparison),
          this.#chart(trafficChart(comparison, choices.unit)),
          h(
            'dl',
            { class: 'meanings' },
            ...accountMeanings(comparison).flatMap(({ word, meaning }) => {
              const [, rest = meaning] = meaning.split(/^\w+: /);
              return [h('dt', {}, word), h('dd', {}, rest)];
            }),
          ),
        ],
        trafficTable(comparison, choices.unit),
        this.#unitToggle(),
      ),
      this.#section('Memory', [this.#chart(memoryChart(comparison))], memoryTable(comparison)),
    ];
  }

  #section(title: string, body: HTMLElement[], table: TableModel, controls?: HTMLElement): HTMLElement {
    const heading = h('h2', { id: `heading-${table.id}` }, title);
    return h(
      'section',
      { aria: { labelledby: heading.id }, data: { section: table.id } },
      h('div', { class: 'section-head' }, heading, controls ?? null),
      ...body,
      this.#foldable(table),
    );
  }

  #foldable(model: TableModel): HTMLElement {
    const { tooltip, choices } = this.#options;
    const details = h(
      'details',
      {},
      h('summary', {}, `Table: ${model.caption}`),
      renderTable(model, tooltip),
    );
    details.open = !choices.folded.includes(model.id);
    details.addEventListener('toggle', () => {
      const others = this.#options.choices.folded.filter((id) => id !== model.id);
      const folded = details.open ? others : [...others, model.id];
      if (folded.length === this.#options.choices.folded.length) return;
      this.#choose({ folded });
    });
    return details;
  }

  #chart(model: ChartModel): HTMLElement {
    const chart = new BarChart(model);
    this.#charts.push(chart);
    return chart.element;
  }

  #unitToggle(): HTMLElement {
    const { unit } = this.#options.choices;
    const options = (['bytes', 'accesses'] as const).map((option) =>
      h(
        'button',
        {
          type: 'button',
          class: 'segment',
          aria: { pressed: String(option === unit) },
          data: { focus: `unit-${option}` },
          on: { click: () => this.#choose({ unit: option }) },
        },
        option === 'bytes' ? 'Bytes' : 'Accesses',
      ),
    );
    return h(
      'div',
      { class: 'segments', role: 'group', aria: { label: 'Unit of HBM accesses' } },
      ...options,
    );
  }
}
