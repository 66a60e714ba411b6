// y[i] = f(operands at i): element-wise ops that no preceding kernel could fuse.
//
// Shapes: y has SIZE elements; the operands, bound after y, broadcast to it.
// One invocation computes PER_INVOCATION elements, WORKGROUP apart, so that adjacent invocations access adjacent elements.
const SIZE: u32 = 1; //! elements of y
const CHANNELS: u32 = 1; //! extent of the last axis of y
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation
alias Value = f32; //! f32 or f16, in which y is stored

@group(0) @binding(0) var<storage, read_write> y: array<Value>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let i = first + k * WORKGROUP;
    if (i < SIZE) {
      y[i] = Value(epilogue(0.0, i, i % CHANNELS));
    }
  }
}
