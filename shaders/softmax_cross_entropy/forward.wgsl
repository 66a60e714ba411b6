// loss = Σ_n (log Σ_k exp(x[n,k]) − x[n, label[n]]) / count, over the rows whose label is below K; other rows are ignored.
//
// Shapes: logits [N,K], labels [N] → loss [], totals [4] = (Σ losses, correct rows, counted rows, 0).
// A row is correct when its label is the first of its largest logits. One workgroup computes everything: each invocation takes
// every WORKGROUP-th row, then invocation 0 adds the partial results in order, so the bits never change.
const N: u32 = 1; //! rows
const K: u32 = 10; //! classes
const WORKGROUP: u32 = 64; //! invocations of the one workgroup

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> totals: array<f32>;

//! include floats/non_finite
//! include softmax_cross_entropy/row

var<workgroup> partial: array<vec3f, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sums = vec3f();
  for (var n = lane; n < N; n += WORKGROUP) {
    let label = labels[n];
    if (label >= K) {
      continue;
    }
    let row = row_of(n);
    sums += vec3f(loss_of(row, n, label), select(0.0, 1.0, is_correct(row, label)), 1.0);
  }
  partial[lane] = sums;
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < WORKGROUP; i++) {
      sums += partial[i];
    }
    loss[0] = sums.x / max(sums.z, 1.0);
    totals[0] = sums.x;
    totals[1] = sums.y;
    totals[2] = sums.z;
    totals[3] = 0.0;
  }
}
