// dx[o, r, i] = dy[o, i] where r is the first place of the maximum along the axis, else 0.
//
// Shapes: index, dy [OUTER, INNER] → dx [OUTER, REDUCED, INNER]. `index` comes from arg_max. One invocation per dx.
const OUTER: u32 = 1; //! product of the axes before the reduced one
const REDUCED: u32 = 4; //! extent of the reduced axis
const INNER: u32 = 1; //! product of the axes after it
const CHANNELS: u32 = 1; //! extent of the last axis of dx
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> index_of_max: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= OUTER * REDUCED * INNER) {
    return;
  }
  let i = element % INNER;
  let r = element / INNER % REDUCED;
  let at = element / (INNER * REDUCED) * INNER + i;
  dx[element] = epilogue(select(0.0, dy[at], index_of_max[at] == r), element, element % CHANNELS);
}
