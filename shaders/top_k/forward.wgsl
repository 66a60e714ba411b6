// y[n, t] = the index k of the t-th largest x[n, k] of a row; equal ones by index, NaN before all numbers.
//
// Shapes: x [ROWS,K] → y [ROWS,COUNT]. One invocation computes one row: each of its COUNT passes over the row finds the first
// element in this order after the one found before.
const ROWS: u32 = 1; //! product of all axes but the last
const K: u32 = 10; //! extent of the last axis
const COUNT: u32 = 2; //! indices per row
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

//! include floats/non_finite

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (n >= ROWS) {
    return;
  }
  var previous = nan();
  // Of elements equal to the previous one, those from `next` on come after it; before the first pass, all do.
  var next = 0u;
  for (var t = 0u; t < COUNT; t++) {
    var largest = 0.0;
    var place = K;
    for (var k = 0u; k < K; k++) {
      let value = x[n * K + k];
      let is_after = exceeds(previous, value) || (!exceeds(value, previous) && k >= next);
      if (is_after && (place == K || exceeds(value, largest))) {
        largest = value;
        place = k;
      }
    }
    y[n * COUNT + t] = place;
    previous = largest;
    next = place + 1u;
  }
}
