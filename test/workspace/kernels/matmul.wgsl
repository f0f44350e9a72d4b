// c = a b through tiles in workgroup memory: every element of a is loaded once for each tile of columns of b, and
// every element of b once for each tile of rows of a. Sizes need not be multiples of the tile.

const tile = 16u;

struct Sizes {
  rows: u32,
  inner: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

var<workgroup> tileOfA: array<array<f32, tile>, tile>;
var<workgroup> tileOfB: array<array<f32, tile>, tile>;

@compute @workgroup_size(tile, tile)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>) {
  let row = id.y;
  let column = id.x;
  var sum = 0.0;
  for (var start = 0u; start < sizes.inner; start += tile) {
    var fromA = 0.0;
    if (row < sizes.rows && start + lane.x < sizes.inner) {
      fromA = a[row * sizes.inner + start + lane.x];
    }
    var fromB = 0.0;
    if (start + lane.y < sizes.inner && column < sizes.columns) {
      fromB = b[(start + lane.y) * sizes.columns + column];
    }
    tileOfA[lane.y][lane.x] = fromA;
    tileOfB[lane.y][lane.x] = fromB;
    workgroupBarrier();
    for (var inner = 0u; inner < tile; inner++) {
      sum += tileOfA[lane.y][inner] * tileOfB[inner][lane.x];
    }
    workgroupBarrier();
  }
  if (row < sizes.rows && column < sizes.columns) {
    c[row * sizes.columns + column] = sum;
  }
}
