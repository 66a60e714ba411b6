// dkernel[i,j,c,o] = Σ_{n,p,q} x[n, p·STRIDE_H + i·DILATION_H − PAD_TOP, q·STRIDE_W + j·DILATION_W − PAD_LEFT, g·CG + c] · dy[n,p,q,o],
// where g = ⌊o / OG⌋ is the group of the output channel.
//
// Shapes: x [N,H,W,C], dy [N,P,Q,O] → dkernel [KH,KW,CG,O].
// One invocation sums one element of dkernel over the whole batch, row by row, so that the long sum is made of short ones.
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
const GROUPS: u32 = 2; //! groups of channels
const WORKGROUP: u32 = 64; //! invocations per workgroup

// Channels per group, in and out.
const CG: u32 = C / GROUPS;
const OG: u32 = O / GROUPS;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dkernel: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= KH * KW * CG * O) {
    return;
  }
  let o = element % O;
  let c = o / OG * CG + element / O % CG;
  let j = element / (O * CG) % KW;
  let i = element / (O * CG * KW);
  var total = 0.0;
  for (var n = 0u; n < N; n++) {
    for (var p = 0u; p < P; p++) {
      let h = p * STRIDE_H + i * DILATION_H - PAD_TOP;
      if (h >= H) {
        continue;
      }
      var row = 0.0;
      for (var q = 0u; q < Q; q++) {
        let w = q * STRIDE_W + j * DILATION_W - PAD_LEFT;
        if (w < W) {
          row += x[((n * H + h) * W + w) * C + c] * dy[((n * P + p) * Q + q) * O + o];
        }
      }
      total += row;
    }
  }
  dkernel[element] = epilogue(total, element, o);
}
