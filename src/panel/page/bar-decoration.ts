import type { Chart, Plugin, Scale } from 'chart.js';
import type { ChartModel, ChartRow } from '../model/chart.ts';
import { inkOn } from './fills.ts';
import type { Theme } from './theme.ts';

const gap = 6;
const capHeight = 8;
const pointRadius = 2;

export interface BarDecoration {
  plugin: Plugin<'bar'>;
  /** Pixels that the texts at the ends of the bars need on the right. */
  room: number;
  /** The largest value drawn beside the bars, such as a sample; undefined where there is none. */
  reach: number | undefined;
}

/** What bars alone do not show: the texts at their ends, names inside segments, whiskers and samples. */
export function barDecoration(model: ChartModel, theme: Theme): BarDecoration {
  const context = document.createElement('canvas').getContext('2d');
  const font = `${theme.fontSize - 1}px ${theme.fontFamily}`;
  if (context) context.font = font;
  const widths = model.rows.map(({ text }) => context?.measureText(text).width ?? 0);
  const edges = model.rows.flatMap(({ spread }) => (spread ? [spread.high, ...spread.samples] : []));
  const ends = model.rows.map((row, index) => endOf(model, row, index));
  return {
    room: Math.ceil(Math.max(0, ...widths)) + 2 * gap,
    reach: edges.length > 0 ? edges.reduce((a, b) => Math.max(a, b)) : undefined,
    plugin: {
      id: 'bar-decoration',
      afterDatasetsDraw(chart) {
        const { ctx } = chart;
        const [x, y] = [chart.scales.x, chart.scales.y];
        if (!x || !y) return;
        ctx.save();
        ctx.font = font;
        ctx.textBaseline = 'middle';
        drawSegmentNames(chart, model, theme);
        for (const [index, row] of model.rows.entries()) {
          const middle = y.getPixelForValue(index);
          if (row.spread) drawSpread(ctx, x, middle, row.spread, theme);
          ctx.fillStyle = theme.foreground;
          ctx.fillText(row.text, x.getPixelForValue(ends[index]!) + gap, middle);
        }
        ctx.restore();
      },
    },
  };
}

/** Where the last thing drawn in a row ends, in the chart's unit. */
function endOf(model: ChartModel, row: ChartRow, index: number): number {
  const total = model.series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0);
  const { spread } = row;
  return spread ? spread.samples.reduce((a, b) => Math.max(a, b), Math.max(total, spread.high)) : total;
}

function drawSegmentNames(chart: Chart, model: ChartModel, theme: Theme): void {
  const { ctx } = chart;
  // Bars of one kind have their name as a row label already.
  if (model.unit === 'milliseconds') return;
  for (const [series, { name, values }] of model.series.entries()) {
    const ink = theme.highContrast ? theme.foreground : inkOn(theme.colorOf(name));
    const plate = theme.highContrast ? theme.background : theme.colorOf(name);
    const width = ctx.measureText(name).width;
    for (const [index, element] of chart.getDatasetMeta(series).data.entries()) {
      if (values[index] == null) continue;
      const { x, y, base } = element.getProps(['x', 'y', 'base'], true) as {
        x: number;
        y: number;
        base: number;
      };
      if (x - base < width + 2 * gap) continue;
      const left = (x + base - width) / 2;
      ctx.fillStyle = plate;
      ctx.fillRect(left - 2, y - 6, width + 4, 12);
      ctx.fillStyle = ink;
      ctx.fillText(name, left, y);
    }
  }
}

function drawSpread(
  ctx: CanvasRenderingContext2D,
  x: Scale,
  middle: number,
  spread: NonNullable<ChartRow['spread']>,
  theme: Theme,
): void {
  const [low, high] = [x.getPixelForValue(spread.low), x.getPixelForValue(spread.high)];
  ctx.fillStyle = theme.background;
  ctx.strokeStyle = theme.foreground;
  ctx.lineWidth = 1;
  for (const sample of spread.samples) {
    ctx.beginPath();
    ctx.arc(x.getPixelForValue(sample), middle, pointRadius, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  }
  ctx.beginPath();
  ctx.lineWidth = 1.5;
  ctx.moveTo(low, middle);
  ctx.lineTo(high, middle);
  for (const edge of [low, high]) {
    ctx.moveTo(edge, middle - capHeight / 2);
    ctx.lineTo(edge, middle + capHeight / 2);
  }
  ctx.stroke();
}
