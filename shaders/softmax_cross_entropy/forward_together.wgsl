// The loss, its totals and its gradient by the logits in one dispatch, for batches that one workgroup handles.
//
//   loss = Σ_n (log Σ_k exp(x[n,k]) − x[n, label[n]]) / count
//   dlogits[n,k] = (softmax(x)[n,k] − [k = label[n]]) / count
//
// Shapes, labels and totals as in `forward`, dlogits as in `logits_gradient`, which compute the same in two dispatches. Each
// invocation takes every WORKGROUP-th row, invocation 0 adds the partial results in order, then all know the count and
// process their rows again.
const N: u32 = 1; //! rows
const K: u32 = 10; //! classes
const WORKGROUP: u32 = 64; //! invocations of the one workgroup

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> dlogits: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> totals: array<f32>;

//! include floats/non_finite
//! include softmax_cross_entropy/row

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

var<workgroup> partial: array<vec3f, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sums = vec3f();
  for (var n = lane; n < N; n += WORKGROUP) {
    let label = labels[n];
    if (label < K) {
      let row = row_of(n);
      sums += vec3f(loss_of(row, n, label), select(0.0, 1.0, is_correct(row, label)), 1.0);
    }
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
    partial[0] = sums;
  }
  let scale = 1.0 / max(workgroupUniformLoad(&partial[0]).z, 1.0);
  for (var n = lane; n < N; n += WORKGROUP) {
    let label = labels[n];
    let row = row_of(n);
    for (var k = 0u; k < K; k++) {
      dlogits[n * K + k] = epilogue(scale * slope_of(row, n, k, label), n * K + k, k);
    }
  }
}
