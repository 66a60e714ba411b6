// y[n,p,q,c] = erased?  ERASE_VALUE or noise
//            : cropped? LOW
//            : x[n] at in_y = m0·p' + m1·q' + m2, in_x = m3·p' + m4·q' + m5 (bilinear), (p', q') = (p, q) + crop
//
// `transforms` (shaders/augment/draw.wgsl) holds one row of 16 words per image. Positions outside x are filled as in
// SciPy, which Keras calls: NEAREST repeats the edge, CONSTANT gives FILL_VALUE, REFLECT is d c b a | a b c d | d c b a,
// WRAP has the period H − 1 (the last pixel coincides with the first).
//
// Shapes: x [N,H,W,C], transforms [N,16] → y [N,H,W,C]. One invocation computes PER_INVOCATION elements, WORKGROUP apart.
const N: u32 = 1; //! images
const H: u32 = 4; //! height
const W: u32 = 4; //! width
const C: u32 = 1; //! channels
const FILL: u32 = 0; //! 0 nearest, 1 constant, 2 reflect, 3 wrap
const FILL_VALUE: f32 = 0.0; //! outside x, when FILL is constant
const LOW: f32 = 0.0; //! black: what cropping shows outside the image
const HIGH: f32 = 1.0; //! white: noise is between the two
const ERASE_VALUE: f32 = 0.0; //! in an erased rectangle
const ERASE_NOISE: u32 = 0; //! 1: noise there instead
const NOISE_STREAM: u32 = 8; //! src/random.ts
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> transforms: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

//! include random/pcg4d

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// The position that `at` maps to on an axis of `extent` pixels that is extended beyond its ends.
fn continued(at: f32, extent: f32) -> f32 {
  if (FILL == 2u) {
    // In units of pixels' edges: a triangle wave between 0 and extent.
    let folded = (at + 0.5) - 2.0 * extent * floor((at + 0.5) / (2.0 * extent));
    return min(folded, 2.0 * extent - folded) - 0.5;
  }
  if (FILL == 3u) {
    let period = max(extent - 1.0, 1.0);
    let is_inside = at >= 0.0 && at <= extent - 1.0;
    return select(at - period * floor(at / period), at, is_inside);
  }
  return at;
}

// Pixel (row, column), or the nearest one if that is outside.
fn pixel(n: u32, row: f32, column: f32, c: u32) -> f32 {
  let h = u32(clamp(row, 0.0, f32(H - 1u)));
  let w = u32(clamp(column, 0.0, f32(W - 1u)));
  return x[((n * H + h) * W + w) * C + c];
}

fn bilinear(n: u32, at: vec2f, c: u32) -> f32 {
  let corner = floor(at);
  let t = at - corner;
  let above = mix(pixel(n, corner.x, corner.y, c), pixel(n, corner.x, corner.y + 1.0, c), t.y);
  let below = mix(pixel(n, corner.x + 1.0, corner.y, c), pixel(n, corner.x + 1.0, corner.y + 1.0, c), t.y);
  return mix(above, below, t.x);
}

fn value_at(n: u32, p: u32, q: u32, c: u32) -> f32 {
  let base = n * 16u;
  let erased = vec2f(f32(p) - transforms[base + 10u], f32(q) - transforms[base + 11u]);
  if (all(erased >= vec2f(0.0)) && erased.x < transforms[base + 12u] && erased.y < transforms[base + 13u]) {
    if (ERASE_NOISE == 0u) {
      return ERASE_VALUE;
    }
    let key = u32(transforms[base + 14u] * 16777216.0);
    return LOW + (HIGH - LOW) * uniform_from(pcg4d(vec4u(key, NOISE_STREAM, c, p * W + q)).x);
  }
  let place = vec2f(f32(p) + transforms[base + 6u], f32(q) + transforms[base + 7u]);
  let last = vec2f(f32(H - 1u), f32(W - 1u));
  if (any(place < vec2f(0.0)) || any(place > last)) {
    return LOW;
  }
  let at = vec2f(
    transforms[base] * place.x + transforms[base + 1u] * place.y + transforms[base + 2u],
    transforms[base + 3u] * place.x + transforms[base + 4u] * place.y + transforms[base + 5u],
  );
  if (FILL == 1u && (any(at < vec2f(0.0)) || any(at > last))) {
    return FILL_VALUE;
  }
  return bilinear(n, vec2f(continued(at.x, f32(H)), continued(at.y, f32(W))), c);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= N * H * W * C) {
      break;
    }
    let c = element % C;
    let value = value_at(element / (C * W * H), element / (C * W) % H, element / C % W, c);
    y[element] = epilogue(value, element, c);
  }
}
