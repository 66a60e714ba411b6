// Copies an image batch and pads its channels with zeros, so that they can be read as vectors.
//
//   padded[r, o] = o < O ? dy[r, o] : 0
//
// Shapes: dy [ROWS, O] → padded [ROWS, STRIDE]. One invocation copies RUN elements SG apart,
// one workgroup SG · RUN in a row.
// Only for channel counts that are not a multiple of a lane's vector; other images are read where they are.

const ROWS: u32 = 5; //! pixels of the whole batch
const O: u32 = 3; //! channels
const STRIDE: u32 = 4; //! channels with padding
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const GRID_X: u32 = 65535; //! workgroups along x; the rest is along y

const RUN: u32 = 64;

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> padded: array<f32>;

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * GRID_X + group.x) * RUN * SG + lane;
  for (var k = 0u; k < RUN; k++) {
    let target_index = first + k * SG;
    if (target_index < ROWS * STRIDE) {
      let o = target_index % STRIDE;
      padded[target_index] = select(0f, dy[target_index / STRIDE * O + min(o, O - 1)], o < O);
    }
  }
}
