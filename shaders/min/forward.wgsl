// y[o, i] = min_r x[o, r, i]: the smallest along one axis of [OUTER, REDUCED, INNER], NaN if there is one.
// One invocation per output.
const OUTER: u32 = 1; //! product of the axes before the reduced one
const REDUCED: u32 = 4; //! extent of the reduced axis
const INNER: u32 = 1; //! product of the axes after it
const CHANNELS: u32 = 1; //! extent of the last axis of y
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

//! include floats/non_finite

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= OUTER * INNER) {
    return;
  }
  let i = element % INNER;
  let o = element / INNER;
  var largest = -infinity(); // of −x
  var size = 0u;
  for (var r = 0u; r < REDUCED; r++) {
    let value = x[(o * REDUCED + r) * INNER + i];
    largest = max(largest, -value);
    size = max(size, magnitude(value));
  }
  y[element] = epilogue(-largest_of(largest, size), element, element % CHANNELS);
}
