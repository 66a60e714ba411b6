// mean[c] = x[0,c] + Σ d / count;  variance[c] = Σ d² / count − (Σ d / count)²: from the slices of statistics.wgsl.
//
// Shapes: x [N·PIXELS, C], the step's state, partial [SLICES, 2, C] → mean [C], variance [C], which is biased: divided by
// count. One invocation takes one channel and adds its slices in order.
//
// If x[0,c] is more than eleven deviations from the mean, the difference of the squares keeps too few digits, and so does the
// mean. Then, which is rare, the invocation reads the channel's rows twice more: for the mean, then for the variance.
const N: u32 = 1; //! samples
const PIXELS: u32 = 4; //! rows of one sample
const C: u32 = 1; //! channels
const SLICES: u32 = 1; //! partial sums per channel
const WORKGROUP: u32 = 64; //! invocations per workgroup

//! include step_state/words

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> partial: array<f32>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> variance: array<f32>;

//! include floats/non_finite

// E[d²] above this many variances.
const FAR: f32 = 128.0;

// Σ d or Σ d² over the rows that count, with d = x[r,c] − centre.
fn centred_sum(c: u32, rows: u32, centre: f32, is_squared: bool) -> f32 {
  var sums = vec4f();
  var r = 0u;
  for (; r + 4u <= rows; r += 4u) {
    let at = r * C + c;
    let d = vec4f(x[at], x[at + C], x[at + 2u * C], x[at + 3u * C]) - centre;
    sums += select(d, d * d, is_squared);
  }
  var sum = (sums.x + sums.y) + (sums.z + sums.w);
  for (; r < rows; r++) {
    let d = x[r * C + c] - centre;
    sum += select(d, d * d, is_squared);
  }
  return sum;
}

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
  let rows = min(N, state[EPOCH_SIZE] - state[CURSOR]) * PIXELS;
  let count = f32(max(rows, 1u));
  let offset = sum / count;
  var centre = x[c] + offset;
  var spread = max_of(square / count - offset * offset, 0.0);
  if (square / count > FAR * spread) {
    centre += centred_sum(c, rows, centre, false) / count;
    spread = centred_sum(c, rows, centre, true) / count;
  }
  mean[c] = centre;
  variance[c] = spread;
}
