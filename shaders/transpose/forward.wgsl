// y[j0, j1, j2, j3] = x[i…] with the axes permuted: Y holds the extents of y, S the stride in x of each axis of y.
//
// Shapes: up to four axes, missing ones lead with extent 1. One invocation copies one element of y.
const Y0: u32 = 1; //! extent of y's axis 0
const Y1: u32 = 1; //! extent of y's axis 1
const Y2: u32 = 2; //! extent of y's axis 2
const Y3: u32 = 3; //! extent of y's axis 3
const S0: u32 = 6; //! elements of x between neighbours along y's axis 0
const S1: u32 = 6; //! the same along axis 1
const S2: u32 = 1; //! the same along axis 2
const S3: u32 = 2; //! the same along axis 3
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= Y0 * Y1 * Y2 * Y3) {
    return;
  }
  let j3 = element % Y3;
  let j2 = element / Y3 % Y2;
  let j1 = element / (Y3 * Y2) % Y1;
  let j0 = element / (Y3 * Y2 * Y1);
  y[element] = epilogue(x[j0 * S0 + j1 * S1 + j2 * S2 + j3 * S3], element, j3);
}
