// NaN and infinity, tested and made by their bits. WGSL lets an implementation assume that neither occurs: max may drop a NaN,
// `x != x` may be false for one, and a constant expression that yields one does not compile.
const INFINITY_BITS: u32 = 0x7f800000u;

// The bits of |x|, which grow with it; only those of NaN are above those of infinity.
fn magnitude(x: f32) -> u32 {
  return bitcast<u32>(x) & 0x7fffffffu;
}

fn magnitude4(x: vec4f) -> vec4u {
  return bitcast<vec4u>(x) & vec4u(0x7fffffffu);
}

fn is_nan(x: f32) -> bool {
  return magnitude(x) > INFINITY_BITS;
}

fn is_finite(x: f32) -> bool {
  return magnitude(x) < INFINITY_BITS;
}

// Variables, since constants cannot hold them.
fn infinity() -> f32 {
  var bits = INFINITY_BITS;
  return bitcast<f32>(bits);
}

fn nan() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

// The larger of two, NaN when either is.
fn max_of(a: f32, b: f32) -> f32 {
  return select(select(max(a, b), b, is_nan(b)), a, is_nan(a));
}

fn clamp_of(x: f32, low: f32, high: f32) -> f32 {
  return select(clamp(x, low, high), x, is_nan(x));
}

// The largest of numbers whose largest magnitude is known, NaN if there is one: max alone may drop it.
fn largest_of(largest: f32, magnitude: u32) -> f32 {
  return select(largest, nan(), magnitude > INFINITY_BITS);
}

fn largest_of4(largest: vec4f, magnitude: vec4u) -> vec4f {
  return select(largest, vec4f(nan()), magnitude > vec4u(INFINITY_BITS));
}

// Whether `value` replaces the largest so far: it is larger, or the first NaN.
fn exceeds(value: f32, largest: f32) -> bool {
  return (value > largest || is_nan(value)) && !is_nan(largest);
}

fn exceeds4(value: vec4f, largest: vec4f) -> vec4<bool> {
  let is_nan = magnitude4(value) > vec4u(INFINITY_BITS);
  return ((value > largest) | is_nan) & (magnitude4(largest) <= vec4u(INFINITY_BITS));
}

// log x as IEEE 754 has it: −∞ at 0, NaN below it.
fn log_of(x: f32) -> f32 {
  return select(select(log(x), -infinity(), x == 0.0), nan(), x < 0.0 || is_nan(x));
}

fn exp_of(x: f32) -> f32 {
  return select(exp(x), x, is_nan(x));
}
