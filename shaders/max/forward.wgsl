// y[o, i] = max_r x[o, r, i]: the largest along one axis of [OUTER, REDUCED, INNER]. One invocation per output.
const OUTER: u32 = 1; //! product of the axes before the reduced one
const REDUCED: u32 = 4; //! extent of the reduced axis
const INNER: u32 = 1; //! product of the axes behind it
const CHANNELS: u32 = 1; //! extent of the last axis of y
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= OUTER * INNER) {
    return;
  }
  let i = element % INNER;
  let o = element / INNER;
  var largest = x[o * REDUCED * INNER + i];
  for (var r = 1u; r < REDUCED; r++) {
    largest = max(largest, x[(o * REDUCED + r) * INNER + i]);
  }
  y[element] = epilogue(largest, element, element % CHANNELS);
}
