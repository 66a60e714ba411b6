// y[o, r, i] = x[o, r, i] − m − log Σ_j exp(x[o, j, i] − m) along one axis of [OUTER, REDUCED, INNER], with m the largest term;
// all NaN where the terms contain NaN or ∞, or only −∞.
//
// Shapes: x, y [OUTER, REDUCED, INNER]. One invocation computes all y of one (o, i), so that the logarithm is taken once.
const OUTER: u32 = 1; //! product of the axes before the reduced one
const REDUCED: u32 = 4; //! extent of the reduced axis
const INNER: u32 = 1; //! product of the axes after it
const CHANNELS: u32 = 1; //! extent of the last axis of y
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

//! include floats/non_finite
//! include log_sum_exp/terms

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (row >= OUTER * INNER) {
    return;
  }
  let first = row / INNER * REDUCED * INNER + row % INNER;
  let largest = largest_term(first);
  var shift = nan();
  if (is_finite(largest)) {
    shift = log_of_sum(first, largest);
  }
  for (var r = 0u; r < REDUCED; r++) {
    let element = first + r * INNER;
    y[element] = epilogue(x[element] - largest - shift, element, element % CHANNELS);
  }
}
