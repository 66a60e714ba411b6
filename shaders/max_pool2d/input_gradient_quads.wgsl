// dx[n,h,w,c] = dy[n,p,q,c] where (h,w) is the first place of its window's maximum, else 0, for adjacent
// windows: strides equal to the window, no padding, so each pixel belongs to one window at most.
//
// Shapes: x [N,H,W,C], dy [N,P,Q,C] → dx [N,H,W,C], C a multiple of four. One invocation takes four neighbouring channels
// of one window, finds their first maxima once and writes all their pixels. Pixels after the last whole window belong to
// partial windows, which have no dy. PER_INVOCATION windows per invocation, WORKGROUP quads apart.
//
// Why this variant: memory is the limit, and a vec4 takes a quarter of the loads, stores and address sums. On a software
// device a lane loads a vec4 for twice the price of one number.
const N: u32 = 1; //! images
const H: u32 = 4; //! input height
const W: u32 = 4; //! input width
const C: u32 = 4; //! channels, a multiple of four
const KH: u32 = 2; //! window height, and the stride down
const KW: u32 = 2; //! window width, and the stride across
const P: u32 = 2; //! output height
const Q: u32 = 2; //! output width
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! windows per invocation
const QUADS: u32 = C / 4u;
// Windows that cover every pixel, those at the edges in part.
const P_ALL: u32 = (H + KH - 1u) / KH;
const Q_ALL: u32 = (W + KW - 1u) / KW;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;

//! include floats/non_finite

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let window = first + k * WORKGROUP;
    if (window >= N * P_ALL * Q_ALL * QUADS) {
      break;
    }
    let quad = window % QUADS;
    let q = window / QUADS % Q_ALL;
    let p = window / (QUADS * Q_ALL) % P_ALL;
    let n = window / (QUADS * Q_ALL * P_ALL);
    let corner = ((n * H + p * KH) * W + q * KW) * QUADS + quad;
    let is_whole = p < P && q < Q;
    var place = vec4u();
    var gradient = vec4f();
    if (is_whole) {
      gradient = dy[((n * P + p) * Q + q) * QUADS + quad];
      var largest = x[corner];
      for (var t = 1u; t < KH * KW; t++) {
        let value = x[corner + (t / KW * W + t % KW) * QUADS];
        let is_larger = exceeds4(value, largest);
        place = select(place, vec4u(t), is_larger);
        largest = select(largest, value, is_larger);
      }
    }
    for (var t = 0u; t < KH * KW; t++) {
      if (is_whole || (p * KH + t / KW < H && q * KW + t % KW < W)) {
        let at = corner + (t / KW * W + t % KW) * QUADS;
        let four = select(vec4f(), gradient, place == vec4u(t));
        let element = 4u * at;
        let c = 4u * quad;
        dx[at] = vec4f(
          epilogue(four.x, element, c),
          epilogue(four.y, element + 1u, c + 1u),
          epilogue(four.z, element + 2u, c + 2u),
          epilogue(four.w, element + 3u, c + 3u),
        );
      }
    }
  }
}
