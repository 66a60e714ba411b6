// Second half of the kernel gradient: adds the parts of the batch, always in the same order.
//
//   dkernel[e] = Σ_s partial[s, e]
//
// Shapes: partial [SLICES, COUNT] → dkernel [COUNT]. One invocation sums ELEMENTS elements, SG apart; one workgroup
// SG · ELEMENTS of them. Takes well under a millisecond: the parts are few.

const COUNT: u32 = 54; //! elements of the kernel
const SLICES: u32 = 1; //! parts of the batch
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const GRID_X: u32 = 65535; //! workgroups along x; the rest lies along y

// Several sums side by side hide the latency of the loads.
const ELEMENTS: u32 = 4;

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> dkernel: array<f32>;

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * GRID_X + group.x) * SG * ELEMENTS + lane;
  var sum: array<f32, ELEMENTS>;
  for (var s = 0u; s < SLICES; s++) {
    for (var k = 0u; k < ELEMENTS; k++) {
      sum[k] += partial[s * COUNT + min(first + k * SG, COUNT - 1)];
    }
  }
  for (var k = 0u; k < ELEMENTS; k++) {
    if (first + k * SG < COUNT) {
      dkernel[first + k * SG] = sum[k];
    }
  }
}
