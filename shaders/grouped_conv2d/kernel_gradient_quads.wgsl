// partial[s,i,j,c,o] = Σ x[n, p·STRIDE_H + i·DILATION_H − PAD_TOP, q·STRIDE_W + j·DILATION_W − PAD_LEFT, g·CG + c] · dy[n,p,q,o] over the
// rows (n,p) of slice s, where g = ⌊o / OG⌋ is the group of the output channel.
//
// Shapes: x [N,H,W,C], dy [N,P,Q,O] → partial [SLICES,KH,KW,CG,O]. Four neighbouring output channels are of one group, or, in a
// depthwise convolution, of four groups, whose four input channels are neighbours as well.
// One invocation sums the KW taps of a window row for one c and four output channels over one slice.
//
// Why this variant: a kernel with few channels per group has few elements, each a sum over the whole batch. Slices make
// enough invocations; a value of dy once loaded serves KW taps.
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
const SLICES: u32 = 1; //! parts of every sum
const SLICE_ROWS: u32 = 1; //! rows of dy per slice, of one or several images
alias Pixel = f32; //! vec4f if each group is one channel, f32 otherwise
const PIXEL: u32 = 1; //! channels of a Pixel

// Channels per group, in and out.
const CG: u32 = C / GROUPS;
const OG: u32 = O / GROUPS;
const QUADS: u32 = O / 4u;

@group(0) @binding(0) var<storage, read> x: array<Pixel>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (index >= SLICES * KH * CG * QUADS) {
    return;
  }
  let quad = index % QUADS;
  let c = index / QUADS % CG;
  let i = index / (QUADS * CG) % KH;
  let slice = index / (QUADS * CG * KH);
  let channel = 4u * quad / OG * CG + c;
  var totals: array<vec4f, KW>;
  for (var row = slice * SLICE_ROWS; row < min((slice + 1u) * SLICE_ROWS, N * P); row++) {
    let n = row / P;
    let h = row % P * STRIDE_H + i * DILATION_H - PAD_TOP;
    if (h >= H) {
      continue;
    }
    var sums = array<vec4f, KW>();
    for (var q = 0u; q < Q; q++) {
      let gradient = dy[(row * Q + q) * QUADS + quad];
      for (var j = 0u; j < KW; j++) {
        let w = q * STRIDE_W + j * DILATION_W - PAD_LEFT;
        if (w < W) {
          sums[j] += x[(((n * H + h) * W + w) * C + channel) / PIXEL] * gradient;
        }
      }
    }
    for (var j = 0u; j < KW; j++) {
      totals[j] += sums[j];
    }
  }
  for (var j = 0u; j < KW; j++) {
    partial[(((slice * KH + i) * KW + j) * CG + c) * QUADS + quad] = totals[j];
  }
}
