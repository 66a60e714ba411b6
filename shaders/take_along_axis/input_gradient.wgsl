// dx[o, r, i] = Σ_j dy[o, j, i] over the j with indices[o, j, i] = r: the gradient of y[o, j, i] = x[o, indices[o, j, i], i].
//
// Shapes: indices, dy [OUTER, TAKEN, INNER] → dx [OUTER, EXTENT, INNER]. One invocation computes one element of dx, from all
// indices that may be its own: the same sums every time, without atomics.
const OUTER: u32 = 1; //! product of the axes before the one along which elements were taken
const EXTENT: u32 = 4; //! its extent in x
const TAKEN: u32 = 2; //! its extent in y
const INNER: u32 = 1; //! product of the axes after it
const CHANNELS: u32 = 1; //! extent of the last axis of dx
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> indices: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= OUTER * EXTENT * INNER) {
    return;
  }
  let r = element / INNER % EXTENT;
  let first = element / (INNER * EXTENT) * TAKEN * INNER + element % INNER;
  var total = 0.0;
  for (var j = 0u; j < TAKEN; j++) {
    let at = first + j * INNER;
    if (indices[at] == r) {
      total += dy[at];
    }
  }
  dx[element] = epilogue(total, element, element % CHANNELS);
}
