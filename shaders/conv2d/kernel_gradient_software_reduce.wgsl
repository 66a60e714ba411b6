// Second half of the kernel gradient: adds the parts of the batch, always in the same order.
//
//   dkernel[e] = Σ_s partial[s, e],   dbias[o] = Σ_s partial[s, COUNT + o]
//
// Shapes: partial [SLICES, COUNT + O] → dkernel [COUNT], dbias [O]. One invocation sums ELEMENTS elements, SG apart; one
// workgroup SG · ELEMENTS of them. Takes well under a millisecond: the parts are few.

const COUNT: u32 = 54; //! elements of the kernel
const O: u32 = 3; //! output channels
const SLICES: u32 = 1; //! parts of the batch
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const GRID_X: u32 = 65535; //! workgroups along x; the rest is along y

// Several independent sums hide the latency of the loads.
const ELEMENTS: u32 = 4;

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> dkernel: array<f32>;
@group(0) @binding(2) var<storage, read_write> dbias: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * GRID_X + group.x) * SG * ELEMENTS + lane;
  var sum: array<f32, ELEMENTS>;
  for (var s = 0u; s < SLICES; s++) {
    for (var k = 0u; k < ELEMENTS; k++) {
      sum[k] += partial[s * (COUNT + O) + min(first + k * SG, COUNT + O - 1)];
    }
  }
  for (var k = 0u; k < ELEMENTS; k++) {
    let e = first + k * SG;
    if (e < COUNT) {
      dkernel[e] = epilogue(sum[k], e, e % O);
    } else if (e < COUNT + O) {
      dbias[e - COUNT] = sum[k];
    }
  }
}
