// Per channel and slice, Σ dy and Σ dy·(x − mean) over the rows that count: from which both gradients of the channel follow.
//
// Shapes: x, dy [N·PIXELS, C], mean [C], the step's state → partial [SLICES, 2, C]. Samples past the end of the epoch do
// not count. One invocation sums one slice of one channel; adjacent invocations take adjacent channels, so loads of one row are contiguous.
const N: u32 = 1; //! samples
const PIXELS: u32 = 4; //! rows of one sample
const C: u32 = 1; //! channels
const SLICES: u32 = 1; //! partial sums per channel
const WORKGROUP: u32 = 64; //! invocations per workgroup
const SLICE: u32 = (N * PIXELS + SLICES - 1u) / SLICES;

//! include step_state/words

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= SLICES * C) {
    return;
  }
  let c = element % C;
  let s = element / C;
  let count = min(N, state[EPOCH_SIZE] - state[CURSOR]) * PIXELS;
  let last = min((s + 1u) * SLICE, count);
  let centre = mean[c];
  // Four independent sums: shorter chains of dependent additions, and a smaller rounding error.
  var sums = vec4f();
  var products = vec4f();
  var r = s * SLICE;
  for (; r + 4u <= last; r += 4u) {
    let at = r * C + c;
    let g = vec4f(dy[at], dy[at + C], dy[at + 2u * C], dy[at + 3u * C]);
    sums += g;
    products += g * (vec4f(x[at], x[at + C], x[at + 2u * C], x[at + 3u * C]) - centre);
  }
  var sum = (sums.x + sums.y) + (sums.z + sums.w);
  var product = (products.x + products.y) + (products.z + products.w);
  for (; r < last; r++) {
    let g = dy[r * C + c];
    sum += g;
    product += g * (x[r * C + c] - centre);
  }
  partial[2u * s * C + c] = sum;
  partial[(2u * s + 1u) * C + c] = product;
}
