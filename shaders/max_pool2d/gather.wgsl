// y[n,p,q,c] = g at the first place where x attains the maximum of the window, or has its first NaN; taps outside x are
// left out.
//
// Shapes: x, g [N,H,W,C] → y [N,P,Q,C]. One invocation computes PER_INVOCATION elements of y, WORKGROUP apart.
const N: u32 = 1; //! images
const H: u32 = 4; //! input height
const W: u32 = 4; //! input width
const C: u32 = 1; //! channels
const KH: u32 = 2; //! window height
const KW: u32 = 2; //! window width
const P: u32 = 2; //! output height
const Q: u32 = 2; //! output width
const STRIDE_H: u32 = 2; //! pixels between windows, down
const STRIDE_W: u32 = 2; //! pixels between windows, across
const PAD_TOP: u32 = 0; //! rows outside x above it
const PAD_LEFT: u32 = 0; //! columns outside x left of it
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

//! include floats/non_finite
//! include pool2d/windows

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= N * P * Q * C) {
      break;
    }
    let c = element % C;
    let window = window_of(element, C);
    var largest = 0.0;
    var place = 0u;
    var is_first = true;
    for (var i = 0u; i < KH; i++) {
      for (var j = 0u; j < KW; j++) {
        let tap = tap_of(window, i, j);
        if (is_inside(tap)) {
          let index = index_of(window, tap, C) + c;
          let value = x[index];
          let is_larger = is_first || exceeds(value, largest);
          largest = select(largest, value, is_larger);
          place = select(place, index, is_larger);
          is_first = false;
        }
      }
    }
    y[element] = epilogue(g[place], element, c);
  }
}
