// dβ[c] = Σ dy;  dγ[c] = Σ dy·(x − mean) / σ, with σ = √(variance + ε): from the slices of gradient_sums.wgsl; and the
// three numbers per channel that input_gradient.wgsl needs: γ/σ, dβ/count, dγ/(σ·count).
//
// Shapes: partial [SLICES, 2, C], variance [C], gamma [C], the step's state → dgamma [C], dbeta [C], coefficients [3, C].
// One invocation takes one channel and adds its slices in order.
const N: u32 = 1; //! samples
const PIXELS: u32 = 4; //! rows of one sample
const C: u32 = 1; //! channels
const SLICES: u32 = 1; //! partial sums per channel
const EPSILON: f32 = 1e-3; //! keeps the root away from zero
const WORKGROUP: u32 = 64; //! invocations per workgroup

//! include step_state/words

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read> variance: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(5) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(6) var<storage, read_write> coefficients: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = group.x * WORKGROUP + lane;
  if (c >= C) {
    return;
  }
  var sum = 0.0;
  var product = 0.0;
  for (var s = 0u; s < SLICES; s++) {
    sum += partial[2u * s * C + c];
    product += partial[(2u * s + 1u) * C + c];
  }
  let count = f32(max(min(N, state[EPOCH_SIZE] - state[CURSOR]) * PIXELS, 1u));
  let deviation = sqrt(variance[c] + EPSILON);
  let slope = product / deviation;
  dgamma[c] = slope;
  dbeta[c] = sum;
  coefficients[c] = gamma[c] / deviation;
  coefficients[C + c] = sum / count;
  coefficients[2u * C + c] = slope / (deviation * count);
}
