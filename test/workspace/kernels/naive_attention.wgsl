// Attention as the formula reads: softmax(q k^T / sqrt(headDim)) v, one invocation for each query row.
//
// Every score is computed twice, once for the maximum and once for its weight, and the row of o is summed up in
// memory. "Attention: Profile This WGSL Kernel" shows what that costs: the loads of q and k, and o itself.

struct Shape {
  heads: u32,
  seqLenQ: u32,
  seqLenKv: u32,
  headDim: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read_write> o: array<f32>;

// The scaled score of a query and a key, by the index of their first elements.
fn score(queryStart: u32, keyStart: u32) -> f32 {
  var sum = 0.0;
  for (var column = 0u; column < shape.headDim; column++) {
    sum += q[queryStart + column] * k[keyStart + column];
  }
  return sum * shape.scale;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  let head = id.y;
  if (row >= shape.seqLenQ || head >= shape.heads) {
    return;
  }
  let queryStart = (head * shape.seqLenQ + row) * shape.headDim;
  let firstKey = head * shape.seqLenKv * shape.headDim;

  var maximum = -3.4e38;
  for (var key = 0u; key < shape.seqLenKv; key++) {
    maximum = max(maximum, score(queryStart, firstKey + key * shape.headDim));
  }

  for (var column = 0u; column < shape.headDim; column++) {
    o[queryStart + column] = 0.0;
  }
  var total = 0.0;
  for (var key = 0u; key < shape.seqLenKv; key++) {
    let keyStart = firstKey + key * shape.headDim;
    let weight = exp(score(queryStart, keyStart) - maximum);
    total += weight;
    for (var column = 0u; column < shape.headDim; column++) {
      o[queryStart + column] += weight * v[keyStart + column];
    }
  }
  for (var column = 0u; column < shape.headDim; column++) {
    o[queryStart + column] /= total;
  }
}
