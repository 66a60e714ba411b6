// mean[c] = x[0,c] + Σ d / count;  variance[c] = Σ d² / count − (Σ d / count)²: the slices of statistics.wgsl put together.
//
// Shapes: x [N·PIXELS, C], the step's state, partial [SLICES, 2, C] → mean [C], variance [C], which is biased: divided by
// count. One invocation takes one channel and adds its slices in order.
const N: u32 = 1; //! samples
const PIXELS: u32 = 4; //! rows of one sample
const C: u32 = 1; //! channels
const SLICES: u32 = 1; //! partial sums per channel
const WORKGROUP: u32 = 64; //! invocations per workgroup
const CURSOR: u32 = 2u; // words of the step's state, src/kernels/step_state.ts
const EPOCH_SIZE: u32 = 3u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> partial: array<f32>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> variance: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = group.x * WORKGROUP + lane;
  if (c >= C) {
    return;
  }
  var sum = 0.0;
  var square = 0.0;
  for (var s = 0u; s < SLICES; s++) {
    sum += partial[2u * s * C + c];
    square += partial[(2u * s + 1u) * C + c];
  }
  let count = f32(max(min(N, state[EPOCH_SIZE] - state[CURSOR]) * PIXELS, 1u));
  let offset = sum / count;
  mean[c] = x[c] + offset;
  variance[c] = max(square / count - offset * offset, 0.0);
}
