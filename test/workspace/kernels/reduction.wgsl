// The sum of an array, modulo 2^32: invocations walk the input in one stride, four elements at a time, a workgroup
// adds up what its invocations found, and one atomic for each workgroup adds it to the total.

override workgroupSize: u32 = 64;

@group(0) @binding(0) var<storage, read> input: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> total: atomic<u32>;

var<workgroup> sums: array<u32, workgroupSize>;

@compute @workgroup_size(workgroupSize)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  var sum = vec4<u32>(0);
  for (var at = id.x; at < arrayLength(&input); at += workgroups.x * workgroupSize) {
    sum += input[at];
  }
  sums[lane] = sum.x + sum.y + sum.z + sum.w;
  workgroupBarrier();
  for (var half = workgroupSize / 2; half > 0; half /= 2) {
    if (lane < half) {
      sums[lane] += sums[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0) {
    atomicAdd(&total, sums[0]);
  }
}
