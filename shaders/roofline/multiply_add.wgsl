// y[i] = Σ_{j < CHAINS} v_j  after STEPS times  v_j ← v_j · line[0] + line[1],  starting from v_j = x[i] + j
//
// Measures the rate of multiply-adds: only arithmetic in registers, in CHAINS independent sums. The factor and the offset come
// from memory, and the result goes there, so that no compiler can precompute it.
//
// Shapes: x, y [SIZE · 1 or 4], line [2]. One invocation computes one `Values`.
const SIZE: u32 = 1; //! elements of x, in `Values`
const CHAINS: u32 = 4; //! sums side by side
const ROUNDS: u32 = 1; //! STEPS / UNROLL
const UNROLL: u32 = 16; //! steps in a row: between them a software device pays nothing for the loop
const WORKGROUP: u32 = 64; //! invocations per workgroup
alias Values = f32; //! f32 or vec4f

@group(0) @binding(0) var<storage, read> x: array<Values>;
@group(0) @binding(1) var<storage, read> line: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<Values>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (i >= SIZE) {
    return;
  }
  let factor = Values(line[0]);
  let offset = Values(line[1]);
  let start = x[i];
  var v: array<Values, CHAINS>;
  for (var j = 0u; j < CHAINS; j++) {
    v[j] = start + Values(f32(j));
  }
  for (var round = 0u; round < ROUNDS; round++) {
    for (var step = 0u; step < UNROLL; step++) {
      for (var j = 0u; j < CHAINS; j++) {
        v[j] = fma(v[j], factor, offset);
      }
    }
  }
  var total = v[0];
  for (var j = 1u; j < CHAINS; j++) {
    total += v[j];
  }
  y[i] = total;
}
