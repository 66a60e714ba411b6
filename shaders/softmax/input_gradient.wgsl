// dx[n,k] = y[n,k] · (dy[n,k] − Σ_j dy[n,j] · y[n,j])
//
// Shapes: y, dy [ROWS,K] → dx [ROWS,K]. One invocation computes one row.
const ROWS: u32 = 1; //! product of all axes but the last
const K: u32 = 10; //! extent of the last axis
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (n >= ROWS) {
    return;
  }
  var dot = 0.0;
  for (var k = 0u; k < K; k++) {
    dot += dy[n * K + k] * y[n * K + k];
  }
  for (var k = 0u; k < K; k++) {
    dx[n * K + k] = y[n * K + k] * (dy[n * K + k] - dot);
  }
}
