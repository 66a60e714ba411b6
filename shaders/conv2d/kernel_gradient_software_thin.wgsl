// Kernel gradient of a convolution with stride 1 and few input channels, or a number of them that is not a multiple of
// four, for CPU implementations of Vulkan.
//
//   partial[s,i,j,c,o] = Σ_{n in slice s} Σ_{p,q} x[n, p+i−PAD_TOP, q+j−PAD_LEFT, c] · dy[n,p,q,o]
//   and after those    partial[s,o] = Σ_{n in slice s} Σ_{p,q} dy[n,p,q,o], the gradient of a bias
//
// Shapes: x [N,H,W,C], dy [N,P,Q,DY_STRIDE] (O channels, then zeros) → partial [SLICES, (KH·KW·C + 1)·O], which
// `kernel_gradient_software_reduce` adds up in the order of s, so that the result has the same bits every time.
// One invocation owns LANE_OUTPUTS consecutive output channels at all KW columns of the window for each of SLOTS
// pairs (window row i, input channel c); one workgroup is one subgroup: SG · LANE_OUTPUTS channels of those.
//
// Why this variant: `kernel_gradient_software` puts input channels into the lanes, four into each, which are too few
// here, so the lanes hold neighbouring pixels, and a workgroup takes several window rows, so that dy is loaded once for
// all of them.
// Measured at batch 128 on 2 cores, llvmpipe 8 wide: 5×5 1→32 at 28×28 58 GFLOP/s.

enable subgroups;

const N: u32 = 1; //! images
const H: u32 = 5; //! input height
const W: u32 = 5; //! input width
const C: u32 = 2; //! input channels
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
const SLOT_ROWS: u32 = 1; //! window rows per workgroup
const SLOT_CHANNELS: u32 = 2; //! input channels per workgroup; SLOT_ROWS · SLOT_CHANNELS is at most 16
const STEP: u32 = 4; //! neighbouring output pixels per step
const SLICES: u32 = 1; //! parts of the batch
const SLICE_IMAGES: u32 = 1; //! images per part

const SLOTS = SLOT_ROWS * SLOT_CHANNELS;
const ROW_TILES = (KH + SLOT_ROWS - 1) / SLOT_ROWS;
// Elements of the kernel.
const KERNEL = KH * KW * C * O;
const CHANNEL_TILES = (C + SLOT_CHANNELS - 1) / SLOT_CHANNELS;
// Loads per input row and step: the lanes hold SG neighbouring pixels each time.
const LOADS = (STEP + KW - 1 + SG - 1) / SG;

alias Sums = array<LaneVector, SLOTS * KW>;
alias Pixels = array<LaneVector, STEP>;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<LaneVector>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

/// Where a step starts in the input: image n, row p and column q without padding, channel c; and the lane.
struct Position {
  n: u32,
  p: u32,
  q: u32,
  c: u32,
  lane: u32,
}

/// Adds one step to the KW sums of one slot. Past the row both factors are zero, since the pixel may hold an infinity,
/// which times zero is NaN.
fn accumulate(sums: ptr<function, Sums>, gradients: ptr<function, Pixels>, at: Position, slot: u32) {
  // Unsigned: above and left of the image wraps to huge values, which are outside as well.
  let h = at.p + slot / SLOT_CHANNELS - PAD_TOP;
  var row: array<f32, LOADS>;
  for (var g = 0u; g < LOADS; g++) {
    let w = at.q + g * SG + at.lane - PAD_LEFT;
    let inside = h < H && w < W;
    row[g] = select(0f, x[select(0u, ((at.n * H + h) * W + w) * C + at.c + slot % SLOT_CHANNELS, inside)], inside);
  }
  for (var j = 0u; j < KW; j++) {
    var sum = (*sums)[slot * KW + j];
    for (var q = 0u; q < STEP; q++) {
      let pixel = subgroupShuffle(row[(q + j) / SG], (q + j) % SG);
      sum = fma(LaneVector(select(pixel, 0f, Q % STEP != 0 && at.q + q >= Q)), (*gradients)[q], sum);
    }
    (*sums)[slot * KW + j] = sum;
  }
}

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  // group = (row and channel tile, block of output channels, slice of the batch)
  let i0 = group.x / CHANNEL_TILES * SLOT_ROWS;
  let c0 = group.x % CHANNEL_TILES * SLOT_CHANNELS;
  let slice = group.z;
  // A lane past the last channel computes the sums of the last one again and stores nothing.
  let lane_vector = min(group.y * SG + lane, DY_STRIDE / LANE_OUTPUTS - 1);

  var sums: Sums;
  var bias: LaneVector;
  for (var n = slice * SLICE_IMAGES; n < min((slice + 1) * SLICE_IMAGES, N); n++) {
    for (var p = 0u; p < P; p++) {
      for (var q = 0u; q < Q; q += STEP) {
        var gradients: Pixels;
        for (var k = 0u; k < STEP; k++) {
          let value = dy[((n * P + p) * Q + min(q + k, Q - 1)) * (DY_STRIDE / LANE_OUTPUTS) + lane_vector];
          gradients[k] = select(LaneVector(), value, q + k < Q);
        }
        for (var k = 0u; k < STEP; k++) {
          bias += gradients[k];
        }
        let at = Position(n, p + i0, q, c0, lane);
        accumulate(&sums, &gradients, at, 0);
        if (SLOTS > 1) { accumulate(&sums, &gradients, at, 1); }
        if (SLOTS > 2) { accumulate(&sums, &gradients, at, 2); }
        if (SLOTS > 3) { accumulate(&sums, &gradients, at, 3); }
        if (SLOTS > 4) { accumulate(&sums, &gradients, at, 4); }
        if (SLOTS > 5) { accumulate(&sums, &gradients, at, 5); }
        if (SLOTS > 6) { accumulate(&sums, &gradients, at, 6); }
        if (SLOTS > 7) { accumulate(&sums, &gradients, at, 7); }
        if (SLOTS > 8) { accumulate(&sums, &gradients, at, 8); }
        if (SLOTS > 9) { accumulate(&sums, &gradients, at, 9); }
        if (SLOTS > 10) { accumulate(&sums, &gradients, at, 10); }
        if (SLOTS > 11) { accumulate(&sums, &gradients, at, 11); }
        if (SLOTS > 12) { accumulate(&sums, &gradients, at, 12); }
        if (SLOTS > 13) { accumulate(&sums, &gradients, at, 13); }
        if (SLOTS > 14) { accumulate(&sums, &gradients, at, 14); }
        if (SLOTS > 15) { accumulate(&sums, &gradients, at, 15); }
      }
    }
  }

  for (var slot = 0u; slot < SLOTS; slot++) {
    let i = i0 + slot / SLOT_CHANNELS;
    let c = c0 + slot % SLOT_CHANNELS;
    for (var j = 0u; j < KW; j++) {
      let values = sums[slot * KW + j];
      for (var v = 0u; v < LANE_OUTPUTS; v++) {
        let o = (group.y * SG + lane) * LANE_OUTPUTS + v;
        if (i < KH && c < C && o < O) {
          partial[slice * (KERNEL + O) + ((i * KW + j) * C + c) * O + o] = values[v];
        }
      }
    }
  }
  // Every workgroup has read all of dy; the first one stores the sums.
  if (group.x == 0) {
    for (var v = 0u; v < LANE_OUTPUTS; v++) {
      let o = (group.y * SG + lane) * LANE_OUTPUTS + v;
      if (o < O) {
        partial[slice * (KERNEL + O) + KERNEL + o] = bias[v];
      }
    }
  }
}
