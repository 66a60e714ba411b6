// y[s, o, i] = Σ_r x[o, r, i] over the slice s of the reduced axis: sums along one axis of [OUTER, REDUCED, INNER].
//
// SLICES = 1 gives the sum itself. With more, each slice of ceil(REDUCED / SLICES) terms gives a partial sum, and a
// second run over y [SLICES, OUTER·INNER] adds those: two passes of fixed shape, the same bits every time.
// One invocation computes one element of y; adjacent invocations are adjacent along INNER, so loads of one row are contiguous.
const OUTER: u32 = 1; //! product of the axes before the reduced one
const REDUCED: u32 = 4; //! extent of the reduced axis
const INNER: u32 = 1; //! product of the axes after it
const SLICES: u32 = 1; //! partial sums per output
const CHANNELS: u32 = 1; //! extent of the last axis of y
const WORKGROUP: u32 = 64; //! invocations per workgroup
const SLICE: u32 = (REDUCED + SLICES - 1u) / SLICES;
// Terms per partial sum of a long slice, so that rounding errors grow with neither number.
const BLOCK: u32 = select(SLICE, 512u, SLICE > 8192u);

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

fn sum_of(o: u32, i: u32, first: u32, last: u32) -> f32 {
  // Four independent sums: shorter chains of dependent additions, and a smaller rounding error.
  var sums = vec4f();
  var r = first;
  for (; r + 4u <= last; r += 4u) {
    let at = (o * REDUCED + r) * INNER + i;
    sums += vec4f(x[at], x[at + INNER], x[at + 2u * INNER], x[at + 3u * INNER]);
  }
  var total = (sums.x + sums.y) + (sums.z + sums.w);
  for (; r < last; r++) {
    total += x[(o * REDUCED + r) * INNER + i];
  }
  return total;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= SLICES * OUTER * INNER) {
    return;
  }
  let i = element % INNER;
  let o = element / INNER % OUTER;
  let first = element / (INNER * OUTER) * SLICE;
  let last = min(first + SLICE, REDUCED);
  var total = 0.0;
  for (var block = first; block < last; block += BLOCK) {
    total += sum_of(o, i, block, min(block + BLOCK, last));
  }
  y[element] = epilogue(total, element, element % CHANNELS);
}
