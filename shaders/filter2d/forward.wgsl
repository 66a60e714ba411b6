// y[n,h,w,c] = Σ_{i,j} KERNEL[i,j] · x[n, h + i − r, w + j − r, c],  r = (SIZE − 1) / 2; zeros outside x;
// weights of 0 are left out of the sum
//
// Shapes: x [N,H,W,C] → y [N,H,W,C]. The same kernel for every channel, as in image editors; its zeros read nothing.
// One invocation computes PER_INVOCATION elements of y, WORKGROUP apart.
const N: u32 = 1; //! images
const H: u32 = 4; //! height
const W: u32 = 4; //! width
const C: u32 = 1; //! channels
const SIZE: u32 = 3; //! height and width of the kernel
const KERNEL: array<f32, 9> = array<f32, 9>(0.0, -1.0, 0.0, -1.0, 5.0, -1.0, 0.0, -1.0, 0.0); //! row by row
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= N * H * W * C) {
      break;
    }
    let c = element % C;
    let w = element / C % W;
    let h = element / (C * W) % H;
    let n = element / (C * W * H);
    var sum = 0.0;
    for (var i = 0u; i < SIZE; i++) {
      for (var j = 0u; j < SIZE; j++) {
        // Unsigned: a tap above or left of x wraps to a huge number.
        let row = h + i - SIZE / 2u;
        let column = w + j - SIZE / 2u;
        let weight = KERNEL[i * SIZE + j];
        if (weight != 0.0 && row < H && column < W) {
          sum += weight * x[((n * H + row) * W + column) * C + c];
        }
      }
    }
    y[element] = epilogue(sum, element, c);
  }
}
