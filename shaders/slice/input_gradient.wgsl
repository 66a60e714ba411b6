// dx[i] = dy[j] if i_a = BEGIN_a + j_a · STRIDE_a along every axis, and 0 for elements outside the slice.
//
// Shapes: up to four axes, missing ones lead with extent 1. One invocation computes PER_INVOCATION elements of dx, WORKGROUP apart.
const X: vec4u = vec4u(1, 1, 2, 3); //! extents of dx
const Y: vec4i = vec4i(1, 1, 1, 2); //! extents of dy
const BEGIN: vec4i = vec4i(0, 0, 1, 1); //! the index in x of y's first element
const STRIDE: vec4i = vec4i(1, 1, 1, 1); //! indices of x between neighbours in y
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= X.x * X.y * X.z * X.w) {
      break;
    }
    let i3 = element % X.w;
    let i = vec4i(vec4u(element / (X.w * X.z * X.y), element / (X.w * X.z) % X.y, element / X.w % X.z, i3));
    let j = (i - BEGIN) / STRIDE;
    var value = 0.0;
    if (all(j * STRIDE == i - BEGIN) && all(j >= vec4i(0)) && all(j < Y)) {
      value = dy[((j.x * Y.y + j.y) * Y.z + j.z) * Y.w + j.w];
    }
    dx[element] = epilogue(value, element, i3);
  }
}
