// y[o, k, i] = Σ x[o, j, i] over j ≤ k; j ≥ k if REVERSED is 1; without j = k if EXCLUSIVE is 1.
//
// Shapes: x [OUTER, K, INNER] → y like x. One invocation computes one row along K.
const OUTER: u32 = 1; //! product of the axes before
const K: u32 = 4; //! extent of the axis
const INNER: u32 = 1; //! product of the axes after
const REVERSED: u32 = 0; //! 1 sums from the end
const EXCLUSIVE: u32 = 0; //! 1 leaves the element itself out
const CHANNELS: u32 = 4; //! extent of y's last axis
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (row >= OUTER * INNER) {
    return;
  }
  let first = row / INNER * K * INNER + row % INNER;
  var total = 0.0;
  for (var j = 0u; j < K; j++) {
    let element = first + select(j, K - 1u - j, REVERSED == 1u) * INNER;
    let before = total;
    total += x[element];
    y[element] = epilogue(select(total, before, EXCLUSIVE == 1u), element, element % CHANNELS);
  }
}
