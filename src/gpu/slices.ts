/** Three sizes or positions of a dispatch, in workgroups: x, y, z. */
export type Triple = [number, number, number];

/** A part of a dispatch's grid, in workgroups. */
export interface Box {
  origin: Triple;
  extent: Triple;
}

export function groupsIn(extent: Triple): number {
  return extent[0] * extent[1] * extent[2];
}

/**
 * Cuts the next box of at most `maxGroups` workgroups (but at least one) from a grid, starting at the
 * linear position `from` (x fastest, then y, then z). Whole layers are taken where they fit, else whole
 * rows, else a part of a row, so that the boxes of a grid follow each other without gap or overlap.
 * No extent exceeds `maxPerDimension`. `from` must be a position where a box ended, or 0.
 */
export function nextBox(grid: Triple, from: number, maxGroups: number, maxPerDimension: number): Box {
  const [sizeX, sizeY, sizeZ] = grid;
  const x = from % sizeX;
  const y = Math.floor(from / sizeX) % sizeY;
  const z = Math.floor(from / (sizeX * sizeY));
  const limit = Math.max(1, Math.floor(maxGroups));
  const wholeRow = x === 0 && sizeX <= maxPerDimension;
  const layer = sizeX * sizeY;
  if (wholeRow && y === 0 && sizeY <= maxPerDimension && layer <= limit) {
    const layers = Math.min(Math.floor(limit / layer), sizeZ - z, maxPerDimension);
    return { origin: [0, 0, z], extent: [sizeX, sizeY, layers] };
  }
  if (wholeRow && sizeX <= limit) {
    const rows = Math.min(Math.floor(limit / sizeX), sizeY - y, maxPerDimension);
    return { origin: [0, y, z], extent: [sizeX, rows, 1] };
  }
  return { origin: [x, y, z], extent: [Math.min(limit, sizeX - x, maxPerDimension), 1, 1] };
}

/** Every box of a grid when only the device's limit on workgroups cuts it. */
export function* wholeBoxes(grid: Triple, maxPerDimension: number): Generator<Box> {
  const total = groupsIn(grid);
  for (let from = 0; from < total; ) {
    const box = nextBox(grid, from, total - from, maxPerDimension);
    yield box;
    from += groupsIn(box.extent);
  }
}
