// partial[i] = Σ w² over every PARTS-th element from i on: adjacent invocations read adjacent elements.
//
// Shapes: w [SIZE] → partial [PARTS].
const SIZE: u32 = 4; //! elements of w
const PARTS: u32 = 1; //! partial sums
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let part = group.x * WORKGROUP + lane;
  if (part >= PARTS) {
    return;
  }
  var total = 0.0;
  for (var i = part; i < SIZE; i += PARTS) {
    total += w[i] * w[i];
  }
  partial[part] = total;
}
