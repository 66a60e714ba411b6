// Second pass of a matrix product with a split sum: adds the slices in a fixed order.
//
//   c[i] = Σ_s partial[s,i]
//
// Shapes: partial [SLICES,COUNT] → c [COUNT], COUNT being the elements of c.
// One workgroup computes OUTPUTS elements with LANES invocations each: lane l adds the slices
// l, l + LANES, … in ascending order, then the first lane adds the lanes in ascending order. The order depends
// on the shape alone, so the same inputs give the same bits.
//
// Why this variant: without the lanes, few outputs would leave a long chain of loads to few invocations.

const COUNT: u32 = 30; //! elements of c
const CHANNELS: u32 = 6; //! extent of the last axis of c
const SLICES: u32 = 2; //! parts of every sum
const LANES: u32 = 4; //! invocations per element
const OUTPUTS: u32 = 64; //! elements per workgroup
const GRID_X: u32 = 1; //! workgroups along x; they wrap to y because one dimension allows 65,535

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> c: array<f32>;

var<workgroup> lane_sum: array<array<f32, OUTPUTS>, LANES>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(OUTPUTS * LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let output = local % OUTPUTS;
  let lane = local / OUTPUTS;
  let index = (group.y * GRID_X + group.x) * OUTPUTS + output;

  var sum = 0.0;
  if (index < COUNT) {
    for (var slice = lane; slice < SLICES; slice += LANES) {
      sum += partial[slice * COUNT + index];
    }
  }
  lane_sum[lane][output] = sum;
  workgroupBarrier();

  if (lane == 0u && index < COUNT) {
    for (var other = 1u; other < LANES; other++) {
      sum += lane_sum[other][output];
    }
    c[index] = epilogue(sum, index, index % CHANNELS);
  }
}
