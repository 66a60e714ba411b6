// y[o, k] = a[o, k] for k < A, else b[o, k − A]: a and b concatenated along an axis.
//
// Shapes: a [OUTER, A], b [OUTER, B] → y [OUTER, A + B], where A and B are the extents of the axis and all after it, OUTER those before it.
// One invocation copies PER_INVOCATION elements, WORKGROUP apart.
const OUTER: u32 = 1; //! product of the axes before
const A: u32 = 3; //! elements of a for each of them
const B: u32 = 2; //! elements of b for each of them
const CHANNELS: u32 = 5; //! extent of y's last axis
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let element = first + i * WORKGROUP;
    if (element >= OUTER * (A + B)) {
      break;
    }
    let o = element / (A + B);
    let k = element % (A + B);
    var value: f32;
    if (k < A) {
      value = a[o * A + k];
    } else {
      value = b[o * B + k - A];
    }
    y[element] = epilogue(value, element, element % CHANNELS);
  }
}
