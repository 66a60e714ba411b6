// y[n,k] = exp(x[n,k] − m[n]) / Σ_j exp(x[n,j] − m[n]) with m the row's maximum, so that no exponent overflows;
// all NaN in a row that contains NaN or ∞, or only −∞.
//
// Shapes: x [ROWS,K] → y [ROWS,K]. One invocation computes one row.
const ROWS: u32 = 1; //! product of all axes but the last
const K: u32 = 10; //! extent of the last axis
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

//! include floats/non_finite

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (n >= ROWS) {
    return;
  }
  var largest = -infinity();
  var size = 0u;
  for (var k = 0u; k < K; k++) {
    largest = max(largest, x[n * K + k]);
    size = max(size, magnitude(x[n * K + k]));
  }
  largest = largest_of(largest, size);
  var total = select(nan(), 0.0, is_finite(largest));
  for (var k = 0u; k < K; k++) {
    total += exp(x[n * K + k] - largest);
  }
  for (var k = 0u; k < K; k++) {
    y[n * K + k] = exp(x[n * K + k] - largest) / total;
  }
}
