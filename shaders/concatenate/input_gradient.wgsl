// dx[o, k] = dy[o, FIRST + k]: the part of dy that belongs to one operand.
//
// Shapes: dy [OUTER, TOTAL] → dx [OUTER, PART]. One invocation copies PER_INVOCATION elements, WORKGROUP apart.
const OUTER: u32 = 1; //! product of the axes before the one along which operands were joined
const TOTAL: u32 = 5; //! elements of dy for each of them
const FIRST: u32 = 0; //! elements of the operands before, for each of them
const PART: u32 = 3; //! elements of dx for each of them
const CHANNELS: u32 = 3; //! extent of dx's last axis
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let element = first + i * WORKGROUP;
    if (element >= OUTER * PART) {
      break;
    }
    let o = element / PART;
    dx[element] = epilogue(dy[o * TOTAL + FIRST + element % PART], element, element % CHANNELS);
  }
}
