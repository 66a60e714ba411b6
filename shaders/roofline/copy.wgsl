// y[i] = x[i]
//
// Measures the bandwidth of reading and writing memory together. Shapes: x, y [SIZE · 1 or 4].
// One invocation copies PER_INVOCATION `Values`, WORKGROUP apart, so that adjacent invocations access adjacent elements.
const SIZE: u32 = 1; //! elements of x, in `Values`
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation
alias Values = f32; //! f32 or vec4f

@group(0) @binding(0) var<storage, read> x: array<Values>;
@group(0) @binding(1) var<storage, read_write> y: array<Values>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let i = first + k * WORKGROUP;
    if (i < SIZE) {
      y[i] = x[i];
    }
  }
}
