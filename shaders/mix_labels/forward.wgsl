// y[n] = x[n] if draws[cursor + n, SHARE] ≥ 0.5, else other[n]: the label with the larger share.
//
// Shapes: x and other [N], draws [places, SIZE], the step's state → y [N]. One invocation takes PER_INVOCATION labels, WORKGROUP apart.
const N: u32 = 1; //! labels
const SIZE: u32 = 6; //! numbers drawn for a place
const SHARE: u32 = 5; //! which of them is the share of x
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

//! include step_state/words

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> other: array<u32>;
@group(0) @binding(2) var<storage, read> draws: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let n = first + k * WORKGROUP;
    if (n >= N) {
      break;
    }
    y[n] = select(other[n], x[n], draws[(state[CURSOR] + n) * SIZE + SHARE] >= 0.5);
  }
}
