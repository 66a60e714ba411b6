// y[o, i] = log Σ_r exp(x[o, r, i]) along one axis of [OUTER, REDUCED, INNER], computed from x minus the largest term.
// Without a finite largest term, y is that term: −∞ if all are, ∞, or NaN. One invocation per output.
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
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= OUTER * INNER) {
    return;
  }
  let first = element / INNER * REDUCED * INNER + element % INNER;
  var value = largest_term(first);
  if (is_finite(value)) {
    value += log_of_sum(first, value);
  }
  y[element] = epilogue(value, element, element % CHANNELS);
}
