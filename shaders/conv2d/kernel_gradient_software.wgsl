// Kernel gradient of a convolution with stride 1, in parts of the batch, for CPU implementations of Vulkan.
//
//   partial[s,i,j,c,o] = Σ_{n in slice s} Σ_{p,q} x[n, p+i−PAD_TOP, q+j−PAD_LEFT, c] · dy[n,p,q,o]
//   and after those    partial[s,o] = Σ_{n in slice s} Σ_{p,q} dy[n,p,q,o], the gradient of a bias
//
// Shapes: x [N,H,W,C] with C a multiple of four, dy [N,P,Q,DY_STRIDE] (O channels, then zeros)
// → partial [SLICES, (KH·KW·C + 1)·O], which `kernel_gradient_software_reduce` adds up in the order of s, so that the result has the same bits every time.
// One invocation owns LANE_OUTPUTS consecutive output channels at all KW columns of window row i for each of SLOTS
// input channels; one workgroup is one subgroup: SG · LANE_OUTPUTS output channels of those.
//
// Why this variant: see `forward_software`. Here the sums stay in registers over a whole slice of the batch. One step
// takes STEP neighbouring output pixels: a lane loads four input channels of a pixel, the lanes together all SLOTS of
// several neighbouring pixels, and every multiply-add takes its channel by shuffle, so that a pixel of dy serves
// SLOTS · KW and one of x serves up to KW · LANE_OUTPUTS · SG of them. Four channels at a time cost a lane twice what
// one does; they make 3×3 64→64 6 % faster. STEP multiply-adds share the one store of their sum.
// Longer steps load less per multiply-add but no longer fit the core's cache of decoded instructions: for 5×5 32→32,
// 7 pixels took 92 ms and 4 take 55 ms.
// Measured at batch 128 on 2 cores, llvmpipe 8 wide: 5×5 32→32 at 28×28 93 GFLOP/s, 3×3 64→64 at 14×14 86 GFLOP/s.

enable subgroups;

const N: u32 = 1; //! images
const H: u32 = 5; //! input height
const W: u32 = 5; //! input width
const C: u32 = 4; //! input channels, a multiple of four
const KH: u32 = 3; //! window height
const KW: u32 = 3; //! window width
const P: u32 = 3; //! output height
const Q: u32 = 3; //! output width
const O: u32 = 3; //! output channels
const DY_STRIDE: u32 = 4; //! channels of dy with padding, a multiple of LANE_OUTPUTS
const PAD_TOP: u32 = 0; //! rows of zeros above the input
const PAD_LEFT: u32 = 0; //! columns of zeros left of the input
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const LANE_OUTPUTS: u32 = 4; //! consecutive output channels per lane, the length of LaneVector
alias LaneVector = vec4f; //! one value for each output channel of a lane
const SLOTS: u32 = 8; //! input channels per workgroup, 8 or 16
const STEP: u32 = 4; //! neighbouring output pixels per step
const SLICES: u32 = 1; //! parts of the batch
const SLICE_IMAGES: u32 = 1; //! images per part

// Elements of the kernel.
const KERNEL = KH * KW * C * O;
const CHANNEL_TILES = (C + SLOTS - 1) / SLOTS;
// The lanes load LOAD_PIXELS neighbouring input pixels at a time, LANES lanes the SLOTS channels of each.
const LANES = SLOTS / 4;
const LOAD_PIXELS = SG / LANES;
const LOADS = (STEP + KW - 1 + LOAD_PIXELS - 1) / LOAD_PIXELS;
// Loads that a step takes over from the one before.
const KEPT = select(0u, LOADS - STEP / LOAD_PIXELS, STEP % LOAD_PIXELS == 0);

alias Sums = array<LaneVector, SLOTS * KW>;
alias Gradients = array<LaneVector, STEP>;
alias Pixels = array<vec4f, LOADS>;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<LaneVector>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

/// Adds one step to the KW sums of one input channel; `left` of its output pixels are inside the row. Past them both
/// factors are zero, since the pixel may hold an infinity, which times zero is NaN.
fn accumulate(
  sums: ptr<function, Sums>,
  gradients: ptr<function, Gradients>,
  pixels: ptr<function, Pixels>,
  left: u32,
  slot: u32,
) {
  for (var j = 0u; j < KW; j++) {
    var sum = (*sums)[slot * KW + j];
    for (var q = 0u; q < STEP; q++) {
      let source = (q + j) % LOAD_PIXELS * LANES + slot / 4;
      let pixel = subgroupShuffle((*pixels)[(q + j) / LOAD_PIXELS][slot % 4], source);
      sum = fma(LaneVector(select(pixel, 0f, Q % STEP != 0 && q >= left)), (*gradients)[q], sum);
    }
    (*sums)[slot * KW + j] = sum;
  }
}

/// The lane's four channels, of those from c0 on, of its pixel, of those from column w0 on, of the row that starts at
/// pixel x_row; zero outside the image.
fn load_pixels(x_row: u32, w0: u32, c0: u32, lane: u32) -> vec4f {
  // Unsigned: left of the image wraps to huge values, which are outside as well.
  let w = w0 + lane / LANES;
  let quad = min(c0 / 4 + lane % LANES, C / 4 - 1);
  return select(vec4f(), x[(x_row + select(0u, w, w < W)) * (C / 4) + quad], w < W);
}

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  // group = (window row and channel tile, block of output channels, slice of the batch)
  let i = group.x / CHANNEL_TILES;
  let c0 = group.x % CHANNEL_TILES * SLOTS;
  let slice = group.z;
  // A lane past the last channel computes the sums of the last one again and stores nothing.
  let lane_vector = min(group.y * SG + lane, DY_STRIDE / LANE_OUTPUTS - 1);

  var sums: Sums;
  var bias: LaneVector;

  // Output rows whose window row i is inside the image; the others would add zeros.
  let p_first = max(PAD_TOP, i) - i;
  let p_end = min(P, max(H + PAD_TOP, i) - i);
  for (var n = slice * SLICE_IMAGES; n < min((slice + 1) * SLICE_IMAGES, N); n++) {
    for (var p = p_first; p < p_end; p++) {
      let x_row = (n * H + p + i - PAD_TOP) * W;
      let dy_row = (n * P + p) * Q;
      var pixels: Pixels;
      for (var m = 0u; m < KEPT; m++) {
        pixels[LOADS - KEPT + m] = load_pixels(x_row, m * LOAD_PIXELS - PAD_LEFT, c0, lane);
      }
      for (var q = 0u; q < Q; q += STEP) {
        var gradients: Gradients;
        for (var k = 0u; k < STEP; k++) {
          let value = dy[(dy_row + min(q + k, Q - 1)) * (DY_STRIDE / LANE_OUTPUTS) + lane_vector];
          gradients[k] = select(LaneVector(), value, q + k < Q);
        }
        for (var k = 0u; k < STEP; k++) {
          bias += gradients[k];
        }
        for (var m = 0u; m < KEPT; m++) {
          pixels[m] = pixels[LOADS - KEPT + m];
        }
        for (var m = KEPT; m < LOADS; m++) {
          pixels[m] = load_pixels(x_row, q + m * LOAD_PIXELS - PAD_LEFT, c0, lane);
        }
        accumulate(&sums, &gradients, &pixels, Q - q, 0);
        if (SLOTS > 1) { accumulate(&sums, &gradients, &pixels, Q - q, 1); }
        if (SLOTS > 2) { accumulate(&sums, &gradients, &pixels, Q - q, 2); }
        if (SLOTS > 3) { accumulate(&sums, &gradients, &pixels, Q - q, 3); }
        if (SLOTS > 4) { accumulate(&sums, &gradients, &pixels, Q - q, 4); }
        if (SLOTS > 5) { accumulate(&sums, &gradients, &pixels, Q - q, 5); }
        if (SLOTS > 6) { accumulate(&sums, &gradients, &pixels, Q - q, 6); }
        if (SLOTS > 7) { accumulate(&sums, &gradients, &pixels, Q - q, 7); }
        if (SLOTS > 8) { accumulate(&sums, &gradients, &pixels, Q - q, 8); }
        if (SLOTS > 9) { accumulate(&sums, &gradients, &pixels, Q - q, 9); }
        if (SLOTS > 10) { accumulate(&sums, &gradients, &pixels, Q - q, 10); }
        if (SLOTS > 11) { accumulate(&sums, &gradients, &pixels, Q - q, 11); }
        if (SLOTS > 12) { accumulate(&sums, &gradients, &pixels, Q - q, 12); }
        if (SLOTS > 13) { accumulate(&sums, &gradients, &pixels, Q - q, 13); }
        if (SLOTS > 14) { accumulate(&sums, &gradients, &pixels, Q - q, 14); }
        if (SLOTS > 15) { accumulate(&sums, &gradients, &pixels, Q - q, 15); }
      }
    }
  }

  for (var slot = 0u; slot < SLOTS; slot++) {
    let c = c0 + slot;
    for (var j = 0u; j < KW; j++) {
      let values = sums[slot * KW + j];
      for (var v = 0u; v < LANE_OUTPUTS; v++) {
        let o = (group.y * SG + lane) * LANE_OUTPUTS + v;
        if (c < C && o < O) {
          partial[slice * (KERNEL + O) + ((i * KW + j) * C + c) * O + o] = values[v];
        }
      }
    }
  }
  // Window row PAD_TOP is inside the image for every output row: its first workgroup has read all of dy.
  if (group.x == PAD_TOP * CHANNEL_TILES) {
    for (var v = 0u; v < LANE_OUTPUTS; v++) {
      let o = (group.y * SG + lane) * LANE_OUTPUTS + v;
      if (o < O) {
        partial[slice * (KERNEL + O) + KERNEL + o] = bias[v];
      }
    }
  }
}
