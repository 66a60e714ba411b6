// dlogits[n,k] = dloss · (softmax(logits)[n,k] − [k = label[n]]) / count, and 0 in rows whose label is not below K.
//
// Shapes: logits [N,K], labels [N], totals [4] (its third is the count) → dlogits [N,K]. dloss is 1, or multiplied in by
// a fused op. One invocation computes one row.
const N: u32 = 1; //! rows
const K: u32 = 10; //! classes
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> totals: array<f32>;
@group(0) @binding(3) var<storage, read_write> dlogits: array<f32>;

//! include floats/non_finite
//! include softmax_cross_entropy/row

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (n >= N) {
    return;
  }
  let label = labels[n];
  let row = row_of(n);
  let scale = 1.0 / max(totals[2], 1.0);
  for (var k = 0u; k < K; k++) {
    dlogits[n * K + k] = epilogue(scale * slope_of(row, n, k, label), n * K + k, k);
  }
}
