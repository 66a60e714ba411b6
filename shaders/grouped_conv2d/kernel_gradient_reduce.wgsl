// Second pass of the kernel gradient: adds the slices in a fixed order.
//
//   dkernel[e] = Σ_s partial[s,e]
//
// Shapes: partial [SLICES,COUNT] → dkernel [COUNT]. One invocation computes one element.
const COUNT: u32 = 36; //! elements of dkernel
const O: u32 = 4; //! output channels
const SLICES: u32 = 2; //! parts of every sum
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> dkernel: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= COUNT) {
    return;
  }
  var total = 0.0;
  for (var slice = 0u; slice < SLICES; slice++) {
    total += partial[slice * COUNT + element];
  }
  dkernel[element] = epilogue(total, element, element % O);
}
