import type { Page } from 'playwright-core';

/** Lengths in pixels of the bars that a chart really painted, top to bottom, empty rows left out. */
export async function paintedBars(page: Page, chart: string): Promise<number[]> {
  return await page.evaluate((id) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`#chart-${id}`);
    const context = canvas?.getContext('2d');
    if (!canvas || !context) throw new Error(`no chart ${id}`);
    const { width, height } = canvas;
    const { data } = context.getImageData(0, 0, width, height);
    const painted = (x: number, y: number) => data[(y * width + x) * 4 + 3]! > 0;
    // The axis is the first column that is painted nearly from top to bottom.
    const columnOf = (x: number) => Array.from({ length: height }, (_, y) => y).filter((y) => painted(x, y));
    let axis = 0;
    while (axis < width && columnOf(axis).length < (height - 40) * 0.9) axis += 1;
    const runs = Array.from({ length: height }, (_, y) => {
      let x = axis + 2;
      while (x < width && painted(x, y)) x += 1;
      return x - axis - 2;
    });
    const bars: number[] = [];
    for (let y = 0; y < height; y += 1) {
      if (runs[y]! < 3) continue;
      const band: number[] = [];
      for (; y < height && runs[y]! >= 3; y += 1) band.push(runs[y]!);
      // Lines of text and of the axis are thinner than a bar, or not as even.
      const typical = band.toSorted((a, b) => a - b)[Math.floor(band.length / 2)]!;
      if (band.length >= 10) bars.push(typical);
    }
    return bars;
  }, chart);
}
