// dx[n,h,w,c] = Σ dy[n,p,q,c] · the weight of pixel h, w at grid[n,p,q], over the positions in the cells around the pixel.
//
// Shapes: dy [N,P,Q,C], grid [N,P,Q,2], chain [N, CELLS + PLACES] → dx [N,H,W,C]. chain lists the positions of each cell in ascending
// order. The loop ends for any values in chain: kernels are also run once on memory of zeros, to compile them. One invocation
// computes one element.
const N: u32 = 1; //! images
const H: u32 = 4; //! height of dx
const W: u32 = 4; //! width of dx
const C: u32 = 1; //! channels
const PLACES: u32 = 4; //! positions per image, P · Q
const LINEAR: u32 = 1; //! 1 bilinear, 0 nearest
const BORDER: u32 = 0; //! 1 clamps positions to x, 0 takes zeros outside
const ALIGNED: u32 = 0; //! 1: −1 and 1 are the centres of the outer pixels, not their edges
const ORDER_W: u32 = 0; //! 1: the derivative by the first coordinate, along W
const ORDER_H: u32 = 0; //! 1: the derivative by the second coordinate, along H
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> grid: array<f32>;
@group(0) @binding(2) var<storage, read> chain: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

//! include grid_sample/position

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= N * H * W * C) {
    return;
  }
  const CELLS = (H + 1u) * (W + 1u);
  let c = element % C;
  let w = element / C % W;
  let h = element / (C * W) % H;
  let n = element / (C * W * H);
  let head = n * (CELLS + PLACES);
  var sum = 0.0;
  // The cells that begin at the pixel, or before it.
  for (var i = 0u; i <= LINEAR; i++) {
    for (var j = 0u; j <= LINEAR; j++) {
      let cell = (h + 1u - i) * (W + 1u) + w + 1u - j;
      for (var place = chain[head + cell]; place < PLACES; place = max(place + 1u, chain[head + CELLS + place])) {
        let sample = n * PLACES + place;
        let row = weight(i32(h), position(grid[2u * sample + 1u], H), H, ORDER_H);
        let share = row * weight(i32(w), position(grid[2u * sample], W), W, ORDER_W);
        if (share != 0.0) {
          sum += share * dy[sample * C + c];
        }
      }
    }
  }
  dx[element] = epilogue(sum, element, c);
}
