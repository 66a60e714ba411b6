// y[n,p,q,c] = x at row s(p) and column s(q), s(o) = (o · STEP + OFFSET) / DIVISOR, between the pixels around it if LINEAR is 1.
//
// Shapes: x [N,H,W,C] → y [N,P,Q,C]. Positions are fractions of integers, so that none is rounded to a neighbour.
// One invocation computes PER_INVOCATION elements of y, WORKGROUP apart.
const N: u32 = 1; //! images
const X: vec2i = vec2i(4, 4); //! rows and columns of x
const Y: vec2i = vec2i(8, 8); //! rows and columns of y
const C: u32 = 1; //! channels
const STEP: vec2i = vec2i(8, 8); //! of the position in x, per row and column of y, times DIVISOR
const OFFSET: vec2i = vec2i(-4, -4); //! the position of the first row and column, times DIVISOR
const DIVISOR: vec2i = vec2i(16, 16); //! of positions
const LINEAR: u32 = 1; //! 1 bilinear, 0 nearest
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// A pixel that does not count is not read: its weight of 0 would turn NaN and infinity into NaN.
fn between(low: f32, high: f32, share: f32) -> f32 {
  return select((1.0 - share) * low + share * high, low, share == 0.0);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    let size = vec2u(Y);
    if (element >= N * size.x * size.y * C) {
      break;
    }
    let c = element % C;
    let pixel = vec2i(vec2u(element / (C * size.y) % size.x, element / C % size.y));
    let n = i32(element / (C * size.y * size.x));
    let position = max(pixel * STEP + OFFSET, vec2i(0));
    let low = position / DIVISOR;
    let corner = u32((n * X.x + low.x) * X.y + low.y) * C + c;
    var value = x[corner];
    if (LINEAR == 1u) {
      let high = min(low + 1, X - 1) - low;
      let share = vec2f(position % DIVISOR) / vec2f(DIVISOR);
      let right = u32(high.y) * C;
      let below = corner + u32(high.x * X.y) * C;
      value = between(between(value, x[corner + right], share.y), between(x[below], x[below + right], share.y), share.x);
    }
    y[element] = epilogue(value, element, c);
  }
}
