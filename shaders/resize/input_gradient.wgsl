// dx[n,h,w,c] = Σ dy[n,p,q,c] · the weight of pixel h,w in p,q, over the p,q that read it, row by row.
//
// Shapes: dy [N,P,Q,C] → dx [N,H,W,C]. One invocation computes PER_INVOCATION elements of dx, WORKGROUP apart.
const N: u32 = 1; //! images
const X: vec2i = vec2i(4, 4); //! rows and columns of dx
const Y: vec2i = vec2i(8, 8); //! rows and columns of dy
const C: u32 = 1; //! channels
const STEP: vec2i = vec2i(8, 8); //! of the position in x, per row and column of y, times DIVISOR
const OFFSET: vec2i = vec2i(-4, -4); //! the position of the first row and column, times DIVISOR
const DIVISOR: vec2i = vec2i(16, 16); //! of positions
const LINEAR: u32 = 1; //! 1 bilinear, 0 nearest
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// The share of the row or column i of x in the row or column o of y.
fn weight(i: i32, o: i32, axis: u32) -> f32 {
  let position = max(o * STEP[axis] + OFFSET[axis], 0);
  let low = position / DIVISOR[axis];
  let share = select(0.0, f32(position % DIVISOR[axis]) / f32(DIVISOR[axis]), LINEAR == 1u);
  let high = min(low + 1, X[axis] - 1);
  return select(0.0, 1.0 - share, low == i) + select(0.0, share, high == i);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    let size = vec2u(X);
    if (element >= N * size.x * size.y * C) {
      break;
    }
    let c = element % C;
    let i = vec2i(vec2u(element / (C * size.y) % size.x, element / C % size.y));
    let n = i32(element / (C * size.y * size.x));
    // The o with i − 1 < s(o) < i + 1; the numerators are negative only where the begin is clamped to 0.
    let begin = max((DIVISOR * (i - 1) - OFFSET) / STEP, vec2i(0));
    let end = min((DIVISOR * (i + 1) - OFFSET + STEP - 1) / STEP, Y);
    var sum = 0.0;
    for (var p = begin.x; p < end.x; p++) {
      let row = weight(i.x, p, 0u);
      if (row == 0.0) {
        continue;
      }
      for (var q = begin.y; q < end.y; q++) {
        let share = row * weight(i.y, q, 1u);
        if (share != 0.0) {
          sum += share * dy[u32((n * Y.x + p) * Y.y + q) * C + c];
        }
      }
    }
    dx[element] = epilogue(sum, element, c);
  }
}
