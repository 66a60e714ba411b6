// y[i] = Σ_{t < TERMS} x[t · SIZE + i]
//
// Measures the bandwidth of reading memory. Shapes: x [TERMS · SIZE · 1 or 4], y [SIZE · 1 or 4].
// One invocation sums one `Values`; adjacent invocations read adjacent elements.
const SIZE: u32 = 1; //! elements of y, in `Values`
const TERMS: u32 = 2; //! of each sum
const WORKGROUP: u32 = 64; //! invocations per workgroup
alias Values = f32; //! f32 or vec4f

@group(0) @binding(0) var<storage, read> x: array<Values>;
@group(0) @binding(1) var<storage, read_write> y: array<Values>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (i >= SIZE) {
    return;
  }
  var total = Values(0.0);
  for (var t = 0u; t < TERMS; t++) {
    total += x[t * SIZE + i];
  }
  y[i] = total;
}
