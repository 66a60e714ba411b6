// cells[n,p,q] = the number of the cell of x that grid[n,p,q] is in, 0xffffffff for a position that reads no pixel.
//
// Shapes: grid [N,P,Q,2] → cells [N,P,Q]. Cell (i + 1) · (W + 1) + j + 1 begins at pixel i, j; the first ones begin outside x.
// One invocation computes one number.
const N: u32 = 1; //! images
const H: u32 = 4; //! height of x
const W: u32 = 4; //! width of x
const PLACES: u32 = 4; //! positions per image, P · Q
const LINEAR: u32 = 1; //! 1 bilinear, 0 nearest
const BORDER: u32 = 0; //! 1 clamps positions to x, 0 takes zeros outside
const ALIGNED: u32 = 0; //! 1: −1 and 1 are the centres of the outer pixels, not their edges
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> grid: array<f32>;
@group(0) @binding(1) var<storage, read_write> cells: array<u32>;

//! include floats/non_finite
//! include grid_sample/position

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (place >= N * PLACES) {
    return;
  }
  let coordinates = vec2f(grid[2u * place], grid[2u * place + 1u]);
  let w = first_pixel(position(coordinates.x, W));
  let h = first_pixel(position(coordinates.y, H));
  var cell = 0xffffffffu;
  let is_inside = h >= -1 && h < i32(H) && w >= -1 && w < i32(W);
  if (is_inside && !is_nan(coordinates.x) && !is_nan(coordinates.y)) {
    cell = u32(h + 1) * (W + 1u) + u32(w + 1);
  }
  cells[place] = cell;
}
