// dx[i] = Σ dy[j] over the places j that hold x[i] or a copy of it, in a fixed order.
//
// Shapes: up to four axes, missing ones lead with extent 1. One invocation computes PER_INVOCATION elements of dx, WORKGROUP apart.
const X: vec4u = vec4u(1, 1, 2, 3); //! extents of dx
const Y: vec4u = vec4u(1, 1, 4, 7); //! extents of dy
const BEFORE: vec4u = vec4u(0, 0, 1, 2); //! elements of y before x
const MODE: u32 = 2; //! 1 edge, 2 reflect, 3 symmetric
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// How many places along an axis may hold the element at i: those to try.
fn tries(i: u32, axis: u32) -> u32 {
  if (MODE != 1u) {
    return 3u;
  }
  let last = select(BEFORE[axis] + i, Y[axis] - 1u, i == X[axis] - 1u);
  return last + 1u - select(BEFORE[axis] + i, 0u, i == 0u);
}

// The place that is number t of these; beyond the extent of y if it does not hold the element.
fn place(i: u32, t: u32, axis: u32) -> u32 {
  if (MODE == 1u) {
    return select(BEFORE[axis] + i, 0u, i == 0u) + t;
  }
  let repeated = MODE - 2u;
  if (t == 1u && i + repeated > 0u) {
    return BEFORE[axis] - i - repeated; // wraps to a huge number if the mirrored place is before y
  }
  if (t == 2u && i + 1u < X[axis] + repeated) {
    return BEFORE[axis] + 2u * (X[axis] - 1u) + repeated - i;
  }
  return select(BEFORE[axis] + i, 0xffffffffu, t > 0u);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= X.x * X.y * X.z * X.w) {
      break;
    }
    let i0 = element / (X.w * X.z * X.y);
    let i1 = element / (X.w * X.z) % X.y;
    let i2 = element / X.w % X.z;
    let i3 = element % X.w;
    var sum = 0.0;
    for (var t0 = 0u; t0 < tries(i0, 0u); t0++) {
      let j0 = place(i0, t0, 0u);
      if (j0 >= Y.x) {
        continue;
      }
      for (var t1 = 0u; t1 < tries(i1, 1u); t1++) {
        let j1 = place(i1, t1, 1u);
        if (j1 >= Y.y) {
          continue;
        }
        for (var t2 = 0u; t2 < tries(i2, 2u); t2++) {
          let j2 = place(i2, t2, 2u);
          if (j2 >= Y.z) {
            continue;
          }
          for (var t3 = 0u; t3 < tries(i3, 3u); t3++) {
            let j3 = place(i3, t3, 3u);
            if (j3 < Y.w) {
              sum += dy[((j0 * Y.y + j1) * Y.z + j2) * Y.w + j3];
            }
          }
        }
      }
    }
    dx[element] = epilogue(sum, element, i3);
  }
}
