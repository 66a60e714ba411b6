// y[o, p, k] = x[o, indices[p], k]; NaN, or 0, where the index is not below COUNT.
//
// Shapes: x [OUTER, COUNT, INNER], indices [PLACES] → y [OUTER, PLACES, INNER]. One invocation copies PER_INVOCATION elements, WORKGROUP apart.
const OUTER: u32 = 1; //! product of the axes before
const COUNT: u32 = 4; //! extent of the axis
const INNER: u32 = 3; //! product of the axes after
const PLACES: u32 = 2; //! indices
const IS_FLOAT: u32 = 0; //! 1: the indices are f32
const ZERO_OUTSIDE: u32 = 0; //! 1: 0 for an index outside x, otherwise NaN
const CHANNELS: u32 = 3; //! extent of y's last axis
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

//! include floats/non_finite
//! include gather/index

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let element = first + i * WORKGROUP;
    if (element >= OUTER * PLACES * INNER) {
      break;
    }
    let k = element % INNER;
    let o = element / (INNER * PLACES);
    let place = index_of(indices[element / INNER % PLACES]);
    var value = select(nan(), 0.0, ZERO_OUTSIDE == 1u);
    if (place < COUNT) {
      value = x[(o * COUNT + place) * INNER + k];
    }
    y[element] = epilogue(value, element, element % CHANNELS);
  }
}
