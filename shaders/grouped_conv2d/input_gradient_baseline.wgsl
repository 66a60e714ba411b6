// dx[n,h,w,c] = Σ_{i,j,o} dy[n,p,q,o] · kernel[i,j,c mod CG,o] over the output channels o of the group of c.
//
// Shapes: dy [N,P,Q,O], kernel [KH,KW,CG,O] → dx [N,H,W,C]. The tap (i,j) of window (p,q) lies on (h,w) when
// h + PAD_TOP − i·DILATION_H = p·STRIDE_H and w + PAD_LEFT − j·DILATION_W = q·STRIDE_W.
// One invocation gathers one element of dx.
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

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> kernel: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= N * H * W * C) {
    return;
  }
  let c = element % C;
  let w = element / C % W;
  let h = element / (C * W) % H;
  let n = element / (C * W * H);
  let first = c / CG * OG;
  var total = 0.0;
  for (var i = 0u; i < KH; i++) {
    let down = h + PAD_TOP - i * DILATION_H;
    let p = down / STRIDE_H;
    // A negative `down` wraps to a huge number and fails the second test.
    if (down % STRIDE_H != 0u || p >= P) {
      continue;
    }
    for (var j = 0u; j < KW; j++) {
      let across = w + PAD_LEFT - j * DILATION_W;
      let q = across / STRIDE_W;
      if (across % STRIDE_W != 0u || q >= Q) {
        continue;
      }
      for (var o = first; o < first + OG; o++) {
        total += dy[((n * P + p) * Q + q) * O + o] * kernel[((i * KW + j) * CG + c % CG) * O + o];
      }
    }
  }
  dx[element] = epilogue(total, element, c);
}
