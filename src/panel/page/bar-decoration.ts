import type { BarElement, Chart, Plugin, Scale } from 'chart.js';
import type { ChartModel, ChartRow } from '../model/chart.ts';
import { inkOn } from './fills.ts';
import type { Theme } from './theme.ts';

const gap = 6;
const pointRadius = 1.5;
/** Parts of the font size. Points stand above and below the whisker in turn, so that neither hides the other. */
const capHeight = 0.6;
const pointShift = 0.35;

export interface BarDecoration {
  plugin: Plugin<'bar'>;
  /** Pixels that the texts at the ends of the bars need on the right. */
  room: number;
  /** The largest value drawn, single samples included; zero where there is nothing to draw. */
  reach: number;
}

/** What bars alone do not show: the texts at their ends, names inside segments, whiskers and samples. */
export function barDecoration(model: ChartModel, theme: Theme): BarDecoration {
  const context = document.createElement('canvas').getContext('2d');
  const font = `${theme.fontSize - 1}px ${theme.fontFamily}`;
  if (context) context.font = font;
  const widths = model.rows.map(({ text }) => (text && context?.measureText(text).width) || 0);
  const ends = model.rows.map((row, index) => endOf(model, row, index));
  return {
    room: Math.ceil(Math.max(0, ...widths)) + 2 * gap,
    reach: ends.reduce((a, b) => Math.max(a, b), 0),
    plugin: {
      id: 'bar-decoration',
      afterDatasetsDraw(chart) {
        const { ctx } = chart;
        const [x, y] = [chart.scales.x, chart.scales.y];
        if (!x || !y) return;
        ctx.save();
        ctx.font = font;
        ctx.textBaseline = 'middle';
        drawSegments(chart, model, theme);
        for (const [index, row] of model.rows.entries()) {
          const middle = y.getPixelForValue(index);
          if (row.kind === 'heading') continue;
          if (row.spread) drawSpread(ctx, x, middle, row.spread, theme);
          const left = x.getPixelForValue(ends[index]!) + gap;
          // On a plate, so that no grid line runs through the digits.
          ctx.fillStyle = theme.background;
          ctx.fillRect(left - 2, middle - theme.fontSize / 2, widths[index]! + 4, theme.fontSize);
          ctx.fillStyle = theme.foreground;
          ctx.fillText(row.text, left, middle);
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

/** A thin gap after each segment and its name inside, both only where there is room for them. */
function drawSegments(chart: Chart, model: ChartModel, theme: Theme): void {
  const { ctx } = chart;
  // Times are not stacked, and their names are the row labels.
  if (model.unit === 'milliseconds') return;
  for (const [series, { name, values }] of model.series.entries()) {
    const ink = theme.highContrast ? theme.foreground : inkOn(theme.colorOf(name));
    const plate = theme.highContrast ? theme.background : theme.colorOf(name);
    const width = ctx.measureText(name).width;
    for (const [index, element] of chart.getDatasetMeta(series).data.entries()) {
      if (values[index] == null) continue;
      const { x, y, base, height } = (element as BarElement).getProps(['x', 'y', 'base', 'height'], true);
      if (x === null || y === null || base === null || height === null) continue;
      if (x - base > 3 && !theme.highContrast) {
        ctx.fillStyle = theme.background;
        ctx.fillRect(x - 1, y - height / 2, 1, height);
      }
      if (x - base < width + 2 * gap) continue;
      const left = (x + base - width) / 2;
      ctx.fillStyle = plate;
      ctx.fillRect(left - 2, y - height / 2 + 1, width + 4, height - 2);
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
  ctx.strokeStyle = theme.foreground;
  ctx.fillStyle = theme.foreground;
  for (const [index, sample] of spread.samples.entries()) {
    const y = middle + theme.fontSize * (index % 2 === 0 ? -pointShift : pointShift);
    ctx.beginPath();
    ctx.arc(x.getPixelForValue(sample), y, pointRadius, 0, 2 * Math.PI);
    ctx.fill();
  }
  const half = (theme.fontSize * capHeight) / 2;
  ctx.beginPath();
  ctx.lineWidth = 1.5;
  ctx.moveTo(low, middle);
  ctx.lineTo(high, middle);
  for (const edge of [low, high]) {
    ctx.moveTo(edge, middle - half);
    ctx.lineTo(edge, middle + half);
  }
  ctx.stroke();
}
