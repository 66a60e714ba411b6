// y[n,p,q,c] = max_{i,j} x[n, p·STRIDE_H + i − PAD_TOP, q·STRIDE_W + j − PAD_LEFT, c]; taps outside x are left out;
// NaN if the window contains one.
//
// Shapes: x [N,H,W,C] → y [N,P,Q,C], C a multiple of four. One invocation takes four neighbouring channels of
// PER_INVOCATION windows, WORKGROUP quads apart.
//
// Why this variant: memory is the limit, and a vec4 takes a quarter of the loads, address sums and invocations. On a
// software device a lane loads a vec4 for twice the price of one number.
const N: u32 = 1; //! images
const H: u32 = 4; //! input height
const W: u32 = 4; //! input width
const C: u32 = 4; //! channels, a multiple of four
const KH: u32 = 2; //! window height
const KW: u32 = 2; //! window width
const P: u32 = 2; //! output height
const Q: u32 = 2; //! output width
const STRIDE_H: u32 = 2; //! pixels between windows, down
const STRIDE_W: u32 = 2; //! pixels between windows, across
const PAD_TOP: u32 = 0; //! rows outside x above it
const PAD_LEFT: u32 = 0; //! columns outside x left of it
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! windows per invocation
const QUADS: u32 = C / 4u;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;

//! include floats/non_finite
//! include pool2d/windows

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let quad = first + k * WORKGROUP;
    if (quad >= N * P * Q * QUADS) {
      break;
    }
    let window = window_of(quad, QUADS);
    var largest = vec4f(-infinity());
    var size = vec4u();
    for (var i = 0u; i < KH; i++) {
      for (var j = 0u; j < KW; j++) {
        let tap = tap_of(window, i, j);
        if (is_inside(tap)) {
          let value = x[index_of(window, tap, QUADS) + quad % QUADS];
          largest = max(largest, value);
          size = max(size, magnitude4(value));
        }
      }
    }
    largest = largest_of4(largest, size);
    let element = 4u * quad;
    let c = element % C;
    y[quad] = vec4f(
      epilogue(largest.x, element, c),
      epilogue(largest.y, element + 1u, c + 1u),
      epilogue(largest.z, element + 2u, c + 2u),
      epilogue(largest.w, element + 3u, c + 3u),
    );
  }
}
