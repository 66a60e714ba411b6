// y[n,p,q,c] = Σ x[n,h,w,c] · weight of row h · weight of column w, over the pixels around grid[n,p,q]; NaN if that is NaN.
//
// Shapes: x [N,H,W,C], grid [N,P,Q,2] → y [N,P,Q,C]. One invocation computes PER_INVOCATION elements of y, WORKGROUP apart.
const N: u32 = 1; //! images
const H: u32 = 4; //! height of x
const W: u32 = 4; //! width of x
const C: u32 = 1; //! channels
const PLACES: u32 = 4; //! positions per image, P · Q
const LINEAR: u32 = 1; //! 1 bilinear, 0 nearest
const BORDER: u32 = 0; //! 1 clamps positions to x, 0 takes zeros outside
const ALIGNED: u32 = 0; //! 1: −1 and 1 are the centres of the outer pixels, not their edges
const ORDER_W: u32 = 0; //! 1: the derivative by the first coordinate, along W
const ORDER_H: u32 = 0; //! 1: the derivative by the second coordinate, along H
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> grid: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

//! include floats/non_finite
//! include grid_sample/position

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= N * PLACES * C) {
      break;
    }
    let c = element % C;
    let place = element / C;
    let coordinates = vec2f(grid[2u * place], grid[2u * place + 1u]);
    let across = position(coordinates.x, W);
    let down = position(coordinates.y, H);
    var sum = 0.0;
    for (var i = 0; i <= i32(LINEAR); i++) {
      let h = first_pixel(down) + i;
      for (var j = 0; j <= i32(LINEAR); j++) {
        let w = first_pixel(across) + j;
        if (h < 0 || h >= i32(H) || w < 0 || w >= i32(W)) {
          continue;
        }
        let share = weight(h, down, H, ORDER_H) * weight(w, across, W, ORDER_W);
        if (share != 0.0) {
          sum += share * x[((place / PLACES * H + u32(h)) * W + u32(w)) * C + c];
        }
      }
    }
    if (is_nan(coordinates.x) || is_nan(coordinates.y)) {
      sum = nan();
    }
    y[element] = epilogue(sum, element, c);
  }
}
