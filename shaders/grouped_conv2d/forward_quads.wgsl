// y[n,p,q,o] = Σ_{i,j,c} x[n, p·STRIDE_H + i·DILATION_H − PAD_TOP, q·STRIDE_W + j·DILATION_W − PAD_LEFT, g·CG + c] · kernel[i,j,c,o],
// where g = ⌊o / OG⌋ is the group of the output channel.
//
// Shapes: x [N,H,W,C], kernel [KH,KW,CG,O] → y [N,P,Q,O]. Four neighbouring output channels are of one group, or, in a depthwise
// convolution, of four groups, whose four input channels are neighbours as well.
// One invocation takes four output channels of TILE windows of a row.
//
// Why this variant: memory is the limit of a depthwise convolution, and a vec4 takes a quarter of the loads; a weight once
// loaded serves TILE windows. A product outside the image is selected away, since a branch costs a software device more.
const N: u32 = 1; //! images
const H: u32 = 5; //! input height
const W: u32 = 5; //! input width
const C: u32 = 4; //! input channels
const KH: u32 = 3; //! window height
const KW: u32 = 3; //! window width
const P: u32 = 1; //! output height
const Q: u32 = 1; //! output width
const O: u32 = 4; //! output channels
const STRIDE_H: u32 = 1; //! pixels between windows, down
const STRIDE_W: u32 = 1; //! pixels between windows, across
const PAD_TOP: u32 = 0; //! rows of zeros above x
const PAD_LEFT: u32 = 0; //! columns of zeros left of x
const DILATION_H: u32 = 2; //! pixels between taps, down
const DILATION_W: u32 = 2; //! pixels between taps, across
const GROUPS: u32 = 1; //! groups of channels
const WORKGROUP: u32 = 64; //! invocations per workgroup
const TILE: u32 = 2; //! windows per invocation
alias Pixel = f32; //! vec4f if each group is one channel, f32 otherwise
const PIXEL: u32 = 1; //! channels of a Pixel

// Channels per group, in and out.
const CG: u32 = C / GROUPS;
const OG: u32 = O / GROUPS;
const QUADS: u32 = O / 4u;
const TILES_Q: u32 = (Q + TILE - 1u) / TILE;

@group(0) @binding(0) var<storage, read> x: array<Pixel>;
@group(0) @binding(1) var<storage, read> kernel: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (index >= N * P * TILES_Q * QUADS) {
    return;
  }
  let quad = index % QUADS;
  let q0 = index / QUADS % TILES_Q * TILE;
  let p = index / (QUADS * TILES_Q) % P;
  let n = index / (QUADS * TILES_Q * P);
  let first = 4u * quad / OG * CG;
  var sums: array<vec4f, TILE>;
  for (var i = 0u; i < KH; i++) {
    // Unsigned: a row above the image wraps to a huge number, so one comparison rejects both sides.
    let h = p * STRIDE_H + i * DILATION_H - PAD_TOP;
    if (h >= H) {
      continue;
    }
    for (var j = 0u; j < KW; j++) {
      for (var c = 0u; c < CG; c++) {
        let weights = kernel[((i * KW + j) * CG + c) * QUADS + quad];
        for (var t = 0u; t < TILE; t++) {
          let w = (q0 + t) * STRIDE_W + j * DILATION_W - PAD_LEFT;
          let product = x[(((n * H + h) * W + min(w, W - 1u)) * C + first + c) / PIXEL] * weights;
          sums[t] += select(vec4f(), product, w < W);
        }
      }
    }
  }
  // A constant number of rounds, so that `sums` is never indexed by a variable and stays in registers.
  for (var t = 0u; t < TILE; t++) {
    if (q0 + t < Q) {
      let at = ((n * P + p) * Q + q0 + t) * QUADS + quad;
      let values = sums[t];
      y[at] = vec4f(
        epilogue(values.x, 4u * at, 4u * quad),
        epilogue(values.y, 4u * at + 1u, 4u * quad + 1u),
        epilogue(values.z, 4u * at + 2u, 4u * quad + 2u),
        epilogue(values.w, 4u * at + 3u, 4u * quad + 3u),
      );
    }
  }
}
