// movingMean ← movingMean + SHARE·(mean − movingMean), and the same for the variance: the old value keeps 1 − SHARE of its weight.
//
// Shapes: all [C]. One invocation takes one channel of both.
const C: u32 = 1; //! channels
const SHARE: f32 = 0.01; //! weight of the new value, 1 − momentum
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> mean: array<f32>;
@group(0) @binding(1) var<storage, read> variance: array<f32>;
@group(0) @binding(2) var<storage, read_write> movingMean: array<f32>;
@group(0) @binding(3) var<storage, read_write> movingVariance: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = group.x * WORKGROUP + lane;
  if (c >= C) {
    return;
  }
  movingMean[c] += SHARE * (mean[c] - movingMean[c]);
  movingVariance[c] += SHARE * (variance[c] - movingVariance[c]);
}
