// y[o, i] = the first r at which x[o, r, i] is smallest, along one axis of [OUTER, REDUCED, INNER]; the first NaN, if any.
// One invocation per output. A strict comparison keeps the first of equals.
const OUTER: u32 = 1; //! product of the axes before the reduced one
const REDUCED: u32 = 4; //! extent of the reduced axis
const INNER: u32 = 1; //! product of the axes after it
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

//! include floats/non_finite

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= OUTER * INNER) {
    return;
  }
  let i = element % INNER;
  let o = element / INNER;
  var smallest = x[o * REDUCED * INNER + i];
  var place = 0u;
  for (var r = 1u; r < REDUCED; r++) {
    let value = x[(o * REDUCED + r) * INNER + i];
    // The negative of NaN is NaN.
    if (exceeds(-value, -smallest)) {
      smallest = value;
      place = r;
    }
  }
  y[element] = place;
}
