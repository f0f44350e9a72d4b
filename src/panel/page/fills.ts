import { tensorLook } from '../model/tensors.ts';
import type { Theme } from './theme.ts';

type Fill = string | CanvasPattern;

const tile = 8;

/** Lines and dots that tell the series apart without colour, one for each in turn. */
const marks: readonly ((context: CanvasRenderingContext2D) => void)[] = [
  () => {},
  (context) => line(context, 0, tile, tile, 0),
  (context) => line(context, 0, tile / 2, tile, tile / 2),
  (context) => {
    line(context, 0, tile, tile, 0);
    line(context, 0, 0, tile, tile);
  },
  (context) => line(context, tile / 2, 0, tile / 2, tile),
  (context) => line(context, 0, 0, tile, tile),
  (context) => context.fillRect(tile / 2 - 1, tile / 2 - 1, 3, 3),
  (context) => {
    line(context, 0, tile / 4, tile, tile / 4);
    line(context, 0, (3 * tile) / 4, tile, (3 * tile) / 4);
  },
];

const hatch = 1;

/** Tensors that others look like, and the wall clock; each has a mark of its own in high contrast. */
const markOrder = ['q', 'k', 'v', 's', 'p', 'o', 'lse', 'bias'];

/**
 * What a series is filled with: its colour; hatched where it is an N x N matrix, dotted where it is derived
 * from another tensor of the same colour; in high contrast a pattern of its own, so that colour is never the
 * only sign.
 */
export function fillOf(theme: Theme, series: { name: string; pairwise: boolean }): Fill {
  const color = theme.colorOf(series.name);
  const { mark, dotted } = marksOf(theme, series);
  if (!theme.highContrast && mark === 0 && !dotted) return color;
  const canvas = document.createElement('canvas');
  canvas.width = tile;
  canvas.height = tile;
  const context = canvas.getContext('2d');
  if (!context) return color;
  context.fillStyle = theme.highContrast ? theme.background : color;
  context.fillRect(0, 0, tile, tile);
  const ink = theme.highContrast ? color : theme.background;
  context.strokeStyle = ink;
  context.fillStyle = ink;
  context.lineWidth = theme.highContrast ? 2 : 1;
  if (mark > 0) marks[mark]!(context);
  else if (theme.highContrast) context.fillRect(0, 0, tile, tile);
  if (dotted) {
    // A solid tile has its dot in the other colour.
    if (theme.highContrast && mark === 0) context.fillStyle = theme.background;
    context.fillRect(0, 0, 2, 2);
  }
  return context.createPattern(canvas, 'repeat') ?? color;
}

/** A tensor has the same marks in every chart. */
function marksOf(
  theme: Theme,
  { name, pairwise }: { name: string; pairwise: boolean },
): { mark: number; dotted: boolean } {
  if (name === 'device') return { mark: 0, dotted: false };
  if (name === 'wall') return { mark: theme.highContrast ? 2 : 0, dotted: false };
  const { like, dotted } = tensorLook(name);
  const own = Math.max(0, markOrder.indexOf(like)) % marks.length;
  return { mark: theme.highContrast ? own : pairwise ? hatch : 0, dotted };
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  // Drawn in the neighbouring tiles as well, so that diagonals meet at the corners.
  for (const shift of x1 === x2 || y1 === y2 ? [0] : [-tile, 0, tile]) {
    context.moveTo(x1 + shift, y1);
    context.lineTo(x2 + shift, y2);
  }
  context.stroke();
}

/** The colour as red, green and blue, 0 to 255, whatever way it was written. */
function channels(color: string): [number, number, number] {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!context) return [0, 0, 0];
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/** Black or white, whichever reads better on a colour (WCAG 2.1 relative luminance). */
export function inkOn(color: string): string {
  const [red, green, blue] = channels(color).map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff';
}
