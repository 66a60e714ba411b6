// dx[n,h,w,c] = Σ_{i,j,o} dy[n,p,q,o] · kernel[i,j,c mod CG,o] over the output channels o of the group of c.
//
// Shapes: dy [N,P,Q,O], kernel [KH,KW,CG,O] → dx [N,H,W,C], CG and OG multiples of four. The tap (i,j) of window (p,q) lies on (h,w) when
// h + PAD_TOP − i·DILATION_H = p·STRIDE_H and w + PAD_LEFT − j·DILATION_W = q·STRIDE_W.
// One invocation gathers four neighbouring channels of TILE pixels of a row.
//
// Why this variant: weights lie along the output channels, so a vec4 of them and one of dy give a dot product. Four vec4 of
// weights once loaded serve TILE pixels, and one of dy four channels.
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
const TILE: u32 = 2; //! pixels per invocation
// Channels per group, in and out.
const CG: u32 = C / GROUPS;
const OG: u32 = O / GROUPS;
const QUADS: u32 = C / 4u;
const OUTPUT_QUADS: u32 = O / 4u;
const TILES_W: u32 = (W + TILE - 1u) / TILE;

@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read> kernel: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (index >= N * H * TILES_W * QUADS) {
    return;
  }
  let quad = index % QUADS;
  let w0 = index / QUADS % TILES_W * TILE;
  let h = index / (QUADS * TILES_W) % H;
  let n = index / (QUADS * TILES_W * H);
  let first = 4u * quad / CG * (OG / 4u);
  var sums: array<vec4f, TILE>;
  for (var i = 0u; i < KH; i++) {
    let down = h + PAD_TOP - i * DILATION_H;
    let p = down / STRIDE_H;
    // A negative `down` wraps to a huge number and fails the second test.
    if (down % STRIDE_H != 0u || p >= P) {
      continue;
    }
    for (var j = 0u; j < KW; j++) {
      for (var o = first; o < first + OG / 4u; o++) {
        let weights = ((i * KW + j) * CG + 4u * quad % CG) * OUTPUT_QUADS + o;
        let w_0 = kernel[weights];
        let w_1 = kernel[weights + OUTPUT_QUADS];
        let w_2 = kernel[weights + 2u * OUTPUT_QUADS];
        let w_3 = kernel[weights + 3u * OUTPUT_QUADS];
        for (var t = 0u; t < TILE; t++) {
          let across = w0 + t + PAD_LEFT - j * DILATION_W;
          let q = across / STRIDE_W;
          let g = dy[((n * P + p) * Q + min(q, Q - 1u)) * OUTPUT_QUADS + o];
          let products = vec4f(dot(g, w_0), dot(g, w_1), dot(g, w_2), dot(g, w_3));
          sums[t] += select(vec4f(), products, across % STRIDE_W == 0u && q < Q);
        }
      }
    }
  }
  // A constant number of rounds, so that `sums` is never indexed by a variable and stays in registers.
  for (var t = 0u; t < TILE; t++) {
    if (w0 + t < W) {
      let at = ((n * H + h) * W + w0 + t) * QUADS + quad;
      let values = sums[t];
      dx[at] = vec4f(
        epilogue(values.x, 4u * at, 4u * quad),
        epilogue(values.y, 4u * at + 1u, 4u * quad + 1u),
        epilogue(values.z, 4u * at + 2u, 4u * quad + 2u),
        epilogue(values.w, 4u * at + 3u, 4u * quad + 3u),
      );
    }
  }
}
