import type { ChartModel } from '../model/chart.ts';
import { h } from './dom.ts';
import { fillOf } from './fills.ts';
import type { Theme } from './theme.ts';

const size = 12;

/** The series of a chart with their swatches. The names are text; the swatches are drawn like the bars. */
export class Legend {
  readonly element: HTMLElement;
  readonly #swatches: HTMLCanvasElement[];
  readonly #model: ChartModel;

  constructor(model: ChartModel) {
    this.#model = model;
    this.#swatches = model.series.map(() => h('canvas', { class: 'swatch', aria: { hidden: 'true' } }));
    this.element = h(
      'ul',
      { class: 'legend' },
      ...model.series.map(({ label, pairwise }, index) => {
        const suffix = pairwise && !label.includes('N × N') ? ' (N × N)' : '';
        return h('li', {}, this.#swatches[index]!, label + suffix);
      }),
    );
  }

  paint(theme: Theme): void {
    const scale = Math.max(1, window.devicePixelRatio);
    for (const [index, swatch] of this.#swatches.entries()) {
      swatch.width = size * scale;
      swatch.height = size * scale;
      const context = swatch.getContext('2d');
      if (!context) continue;
      context.scale(scale, scale);
      context.fillStyle = fillOf(theme, this.#model.series[index]!);
      context.fillRect(0, 0, size, size);
      if (!theme.highContrast) continue;
      context.strokeStyle = theme.border;
      context.strokeRect(0.5, 0.5, size - 1, size - 1);
    }
  }
}
