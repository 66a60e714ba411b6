// dx[o, i, k] = Σ_p dy[o, p, k] over the places p whose index is i, in ascending order.
//
// Shapes: dy [OUTER, PLACES, INNER], chain [COUNT + PLACES] → dx [OUTER, COUNT, INNER]. One invocation computes one element.
const OUTER: u32 = 1; //! product of the axes before
const COUNT: u32 = 4; //! extent of the axis
const INNER: u32 = 3; //! product of the axes after
const PLACES: u32 = 2; //! indices
const CHANNELS: u32 = 3; //! extent of dx's last axis
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> chain: array<u32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= OUTER * COUNT * INNER) {
    return;
  }
  let k = element % INNER;
  let o = element / (INNER * COUNT);
  var sum = 0.0;
  for (var place = chain[element / INNER % COUNT]; place < PLACES; place = max(place + 1u, chain[COUNT + place])) {
    sum += dy[(o * PLACES + place) * INNER + k];
  }
  dx[element] = epilogue(sum, element, element % CHANNELS);
}
