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

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (n >= N) {
    return;
  }
  let label = labels[n];
  var largest = logits[n * K];
  for (var k = 1u; k < K; k++) {
    largest = max(largest, logits[n * K + k]);
  }
  var total = 0.0;
  for (var k = 0u; k < K; k++) {
    total += exp(logits[n * K + k] - largest);
  }
  let scale = select(0.0, 1.0 / max(totals[2], 1.0), label < K);
  for (var k = 0u; k < K; k++) {
    let probability = exp(logits[n * K + k] - largest) / total;
    dlogits[n * K + k] = epilogue(scale * (probability - select(0.0, 1.0, k == label)), n * K + k, k);
  }
}
