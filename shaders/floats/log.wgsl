// ln x and ln(1 + x), within a few roundings for every x; WGSL's own log may be off by 2⁻²¹ near 1. Needs floats/non_finite.
//
//   x = 2ᵏ·m with √½ ≤ m < √2;  ln m = 2·atanh((m − 1) / (m + 1))

// 2·atanh(s) for |s| ≤ 0.172, by its series.
fn twice_atanh(s: f32) -> f32 {
  let z = s * s;
  return 2.0 * s + s * z * (2.0 / 3.0 + z * (2.0 / 5.0 + z * (2.0 / 7.0 + z * (2.0 / 9.0))));
}

// k and the bits of m, of a positive finite number that is not subnormal.
fn exponent_and_bits(x: f32) -> vec2i {
  let bits = bitcast<i32>(x);
  let k = (bits - 0x3f3504f3) >> 23u;
  return vec2i(k, bits - (k << 23u));
}

fn precise_log(x: f32) -> f32 {
  let is_small = x < 1.2e-38;
  let parts = exponent_and_bits(select(x, x * 16777216.0, is_small));
  let k = f32(parts.x) - select(0.0, 24.0, is_small);
  let m = bitcast<f32>(parts.y);
  let value = k * 0.693359375 + (k * -2.12194440e-4 + twice_atanh((m - 1.0) / (m + 1.0)));
  let positive = select(x, value, is_finite(x));
  return select(select(positive, -infinity(), x == 0.0), nan(), x < 0.0 || is_nan(x));
}

fn log1p_of(x: f32) -> f32 {
  let near = twice_atanh(x / (2.0 + x));
  return select(precise_log(1.0 + x), near, x > -0.29 && x < 0.41);
}
