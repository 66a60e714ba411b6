// y[j] = x[FIRST + Σ_a j_a · STEP_a]: a regular grid of elements of x, forwards or backwards along each axis.
//
// Shapes: up to four axes, missing ones lead with extent 1. One invocation copies PER_INVOCATION elements of y, WORKGROUP apart.
const Y: vec4u = vec4u(1, 1, 2, 3); //! extents of y
const FIRST: i32 = 0; //! the element of x that is y's first
const STEP: vec4i = vec4i(6, 6, 3, 1); //! elements of x between neighbours along each axis of y
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= Y.x * Y.y * Y.z * Y.w) {
      break;
    }
    let j3 = element % Y.w;
    let j2 = element / Y.w % Y.z;
    let j1 = element / (Y.w * Y.z) % Y.y;
    let j0 = element / (Y.w * Y.z * Y.y);
    let source = FIRST + i32(j0) * STEP.x + i32(j1) * STEP.y + i32(j2) * STEP.z + i32(j3) * STEP.w;
    y[element] = epilogue(x[source], element, j3);
  }
}
