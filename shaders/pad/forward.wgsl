// y[j] = x[source(j_a) along every axis a], or VALUE where a source is outside x.
//
// Shapes: up to four axes, missing ones lead with extent 1. One invocation computes PER_INVOCATION elements of y, WORKGROUP apart.
const X: vec4u = vec4u(1, 1, 2, 3); //! extents of x
const Y: vec4u = vec4u(1, 1, 3, 5); //! extents of y
const BEFORE: vec4u = vec4u(0, 0, 1, 1); //! elements of y before x
const MODE: u32 = 0; //! 0 constant, 1 edge, 2 reflect, 3 symmetric
const VALUE: f32 = 0.0; //! outside x, if MODE is constant
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// The index in x of the element at j, `extent` or more if there is none.
fn source(j: u32, before: u32, extent: u32) -> u32 {
  let i = i32(j) - i32(before);
  let last = i32(extent) - 1;
  if (MODE == 1u) {
    return u32(clamp(i, 0, last));
  }
  // A symmetric padding repeats the edge, a reflection does not.
  let repeated = i32(MODE) - 2;
  if (MODE > 1u && i < 0) {
    return u32(-i - repeated);
  }
  if (MODE > 1u && i > last) {
    return u32(2 * last + repeated - i);
  }
  return u32(i);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= Y.x * Y.y * Y.z * Y.w) {
      break;
    }
    let j3 = element % Y.w;
    let i0 = source(element / (Y.w * Y.z * Y.y), BEFORE.x, X.x);
    let i1 = source(element / (Y.w * Y.z) % Y.y, BEFORE.y, X.y);
    let i2 = source(element / Y.w % Y.z, BEFORE.z, X.z);
    let i3 = source(j3, BEFORE.w, X.w);
    var value = VALUE;
    if (i0 < X.x && i1 < X.y && i2 < X.z && i3 < X.w) {
      value = x[((i0 * X.y + i1) * X.z + i2) * X.w + i3];
    }
    y[element] = epilogue(value, element, j3);
  }
}
