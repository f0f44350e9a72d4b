import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  LinearScale,
  Tooltip,
} from 'chart.js';
import { formatBytes, formatCount, formatMs } from '../../attention/units.ts';
import type { ChartModel } from '../model/chart.ts';
import { barDecoration } from './bar-decoration.ts';
import { h } from './dom.ts';
import { fillOf } from './fills.ts';
import { Legend } from './legend.ts';
import type { Theme } from './theme.ts';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

/** Heights as parts of the font size, so that larger text has the room it needs. */
const rowHeight = 1.55;
const axisHeight = 2.8;
const barHeight = 1.08;

const formats = { bytes: formatBytes, accesses: formatCount, milliseconds: formatMs } as const;

/** One chart: legend and canvas. Painted once it stands in the page, and again when the theme changes. */
export class BarChart {
  readonly element: HTMLElement;
  readonly #model: ChartModel;
  readonly #canvas: HTMLCanvasElement;
  readonly #box: HTMLElement;
  readonly #legend: Legend;
  #chart: Chart<'bar', (number | null)[], string> | null = null;

  constructor(model: ChartModel) {
    this.#model = model;
    this.#canvas = h('canvas', { role: 'img', id: `chart-${model.id}`, aria: { label: model.label } });
    this.#legend = new Legend(model);
    this.#box = h('div', { class: 'canvas-box' }, this.#canvas);
    const note = model.note ? h('p', { class: 'chart-note' }, model.note) : null;
    this.element = h('div', { class: 'chart' }, this.#legend.element, this.#box, note);
  }

  paint(theme: Theme): void {
    this.#legend.paint(theme);
    const height = (this.#model.rows.length * rowHeight + axisHeight) * theme.fontSize;
    this.#box.style.setProperty('height', `${Math.round(height)}px`);
    this.#chart?.destroy();
    this.#chart = new Chart(this.#canvas, configuration(this.#model, theme));
  }

  dispose(): void {
    this.#chart?.destroy();
    this.#chart = null;
  }
}

function configuration(
  model: ChartModel,
  theme: Theme,
): ChartConfiguration<'bar', (number | null)[], string> {
  const font = { family: theme.fontFamily, size: theme.fontSize - 1 };
  const format = formats[model.unit];
  const decoration = barDecoration(model, theme);
  return {
    type: 'bar',
    data: {
      labels: model.rows.map(({ label }) => label),
      datasets: model.series.map((series) => ({
        label: series.label,
        data: series.values,
        stack: 'all',
        backgroundColor: fillOf(theme, series),
        borderColor: theme.border,
        borderWidth: theme.highContrast ? 1 : 0,
        borderSkipped: false,
        barThickness: Math.round(barHeight * theme.fontSize),
      })),
    },
    plugins: [decoration.plugin],
    options: {
      indexAxis: 'y',
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      layout: { padding: { right: decoration.room, top: 0, bottom: 0 } },
      interaction: { mode: 'y', intersect: false, axis: 'y' },
      scales: {
        x: {
          stacked: true,
          beginAtZero: true,
          max: decoration.reach || 1,
          border: { display: false },
          // Nothing to draw: an axis would make numbers up.
          grid: { display: decoration.reach > 0, color: theme.grid, drawTicks: false },
          ticks: {
            display: decoration.reach > 0,
            color: theme.muted,
            font,
            padding: 4,
            maxTicksLimit: 6,
            includeBounds: false,
            maxRotation: 0,
            callback: (value) => format(Number(value)),
          },
        },
        y: {
          stacked: true,
          border: { color: theme.muted },
          grid: { display: false },
          ticks: {
            autoSkip: false,
            crossAlign: 'far',
            padding: 6,
            color: ({ index }) => (isHeading(model, index) ? theme.foreground : theme.muted),
            font: ({ index }) => (isHeading(model, index) ? { ...font, weight: 600 } : font),
          },
        },
      },
      plugins: {
        tooltip: {
          animation: false,
          backgroundColor: theme.tooltipBackground,
          titleColor: theme.tooltipForeground,
          bodyColor: theme.tooltipForeground,
          borderColor: theme.tooltipBorder,
          borderWidth: 1,
          cornerRadius: 3,
          titleFont: font,
          bodyFont: font,
          filter: ({ dataIndex, datasetIndex }) => model.series[datasetIndex]?.values[dataIndex] != null,
          callbacks: {
            title: (items) => titleOf(model, items[0]?.dataIndex ?? 0),
            label: ({ dataIndex, datasetIndex }) => {
              const series = model.series[datasetIndex];
              return series ? ` ${series.label}: ${series.texts[dataIndex] ?? ''}` : '';
            },
            labelColor: ({ datasetIndex }) => {
              const color = theme.colorOf(model.series[datasetIndex]?.name ?? '');
              return { backgroundColor: color, borderColor: color };
            },
          },
        },
      },
    },
  };
}

function isHeading(model: ChartModel, index: number): boolean {
  return model.rows[index]?.kind === 'heading';
}

/** `standard: counted 268 MB`; the heading that a bar stands under is a part of its name. */
function titleOf(model: ChartModel, index: number): string {
  const row = model.rows[index];
  if (!row) return '';
  const heading = model.rows.slice(0, index).findLast(({ kind }) => kind === 'heading');
  return `${heading ? `${heading.label}: ` : ''}${row.label} ${row.text}`;
}
