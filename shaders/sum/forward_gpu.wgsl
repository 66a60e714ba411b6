// y[s, o, i] = Σ_r x[o, r, i] over the slice s of the reduced axis: sums along one axis of [OUTER, REDUCED, INNER].
//
// SLICES = 1 gives the sum itself. With more, each slice of ceil(REDUCED / SLICES) terms gives a partial sum, and a
// second run over y [SLICES, OUTER·INNER] adds those.
// One workgroup computes OUTPUTS adjacent elements of one slice with LANES invocations each: lane l adds the terms
// l, l + LANES, …, then the lanes are added in pairs, a tree of fixed shape: the same bits every time. Adjacent
// invocations are adjacent along INNER, or along the reduced axis if that is the last one, so they load adjacent words.
//
// Why this variant: few outputs leave an invocation per output a chain of hundreds of loads, while a GPU has thousands of
// invocations to share it.
const OUTER: u32 = 1; //! product of the axes before the reduced one
const REDUCED: u32 = 4; //! extent of the reduced axis
const INNER: u32 = 1; //! product of the axes after it
const SLICES: u32 = 1; //! partial sums per output
const CHANNELS: u32 = 1; //! extent of the last axis of y
const OUTPUTS: u32 = 8; //! elements of y per workgroup
const LANES: u32 = 32; //! invocations per element, a power of two
const SLICE: u32 = (REDUCED + SLICES - 1u) / SLICES;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<array<f32, OUTPUTS>, LANES>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(OUTPUTS * LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let output = select(local % OUTPUTS, local / LANES, INNER == 1u);
  let lane = select(local / OUTPUTS, local % LANES, INNER == 1u);
  let place = (group.y * groups.x + group.x) * OUTPUTS + output;
  let is_inside = place < OUTER * INNER;
  var total = 0.0;
  if (is_inside) {
    let first = place / INNER * REDUCED * INNER + place % INNER;
    let last = min((group.z + 1u) * SLICE, REDUCED);
    var r = group.z * SLICE + lane;
    // Four independent sums: their loads are in flight together.
    var four = vec4f();
    for (; r + 3u * LANES < last; r += 4u * LANES) {
      let at = first + r * INNER;
      four += vec4f(x[at], x[at + LANES * INNER], x[at + 2u * LANES * INNER], x[at + 3u * LANES * INNER]);
    }
    total = (four.x + four.y) + (four.z + four.w);
    for (; r < last; r += LANES) {
      total += x[first + r * INNER];
    }
  }
  sums[lane][output] = total;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sums[lane][output] += sums[lane + half][output];
    }
  }
  if (lane == 0u && is_inside) {
    let element = group.z * (OUTER * INNER) + place;
    y[element] = epilogue(sums[0][output], element, element % CHANNELS);
  }
}
