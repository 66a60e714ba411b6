// aᵇ within a few roundings, with IEEE 754's special cases; WGSL's own pow is exp2(b·log2 a), whose error grows with the
// exponent, and undefined for negative a. Needs floats/non_finite, floats/exp and floats/log.

// The first 12 bits of a number: the product of two such is exact.
fn head_of(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}

// aᵇ for positive finite a and finite b: 2^(b·log2 a), where the exponent is an integer and a rest, each precise.
fn positive_power(a: f32, b: f32) -> f32 {
  let is_small = a < 1.2e-38;
  let parts = exponent_and_bits(select(a, a * 16777216.0, is_small));
  let k = f32(parts.x) - select(0.0, 24.0, is_small);
  let m = bitcast<f32>(parts.y);
  // log2 m = (2 / ln 2)·atanh(s), s = (m − 1) / (m + 1), both in two parts.
  let top = m - 1.0;
  let bottom = m + 1.0;
  let bottom_head = head_of(bottom);
  let bottom_tail = (bottom - bottom_head) + (m - (bottom - 1.0));
  let s = top / bottom;
  let s_head = head_of(s);
  let s_tail = ((top - s_head * bottom_head) - s_head * bottom_tail) / bottom;
  let z = s * s;
  let factor = 2.885390081777927;
  let factor_head = 2.884765625;
  let series = factor * s * z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
  let first = s_head * factor_head;
  let others = s_head * 6.244567779e-4 + s_tail * factor + series;
  let log_m = first + others;
  let estimate = b * (k + log_m);
  if (estimate > 129.0) {
    return infinity();
  }
  if (estimate < -151.0) {
    return 0.0;
  }
  let log_head = head_of(log_m);
  let log_tail = (first - log_head) + others;
  let b_head = head_of(b);
  let b_tail = b - b_head;
  let exact = vec3f(b_head * k, b_tail * k, b_head * log_head);
  let rounded = round(exact);
  let left = exact - rounded;
  let rest = left.x + left.y + left.z + (b_head * log_tail + b_tail * (log_head + log_tail));
  let n = i32(rounded.x + rounded.y + rounded.z + round(rest));
  let power = 1.0 + expm1_near_zero((rest - round(rest)) * 0.6931471805599453);
  return power * power_of_two(n >> 1u) * power_of_two(n - (n >> 1u));
}

fn pow_of(a: f32, b: f32) -> f32 {
  if (b == 0.0 || a == 1.0) {
    return 1.0;
  }
  if (is_nan(a) || is_nan(b)) {
    return nan();
  }
  let size = abs(a);
  let is_whole = !is_finite(b) || floor(b) == b;
  let is_odd = is_finite(b) && is_whole && floor(b * 0.5) * 2.0 != b;
  if (a < 0.0 && is_finite(a) && !is_whole) {
    return nan();
  }
  var y = size;
  if (size == 1.0) {
    y = 1.0;
  } else if (size == 0.0 || !is_finite(size) || !is_finite(b)) {
    y = select(0.0, infinity(), (size > 1.0) == (b > 0.0));
  } else if (is_whole && b >= 1.0 && b <= 4.0) {
    // Exact where f32 holds the result.
    for (var i = 1.0; i < b; i += 1.0) {
      y *= size;
    }
  } else if (b == -1.0) {
    y = 1.0 / size;
  } else {
    y = positive_power(size, b);
  }
  return select(y, -y, is_odd && (bitcast<u32>(a) >> 31u) == 1u);
}

// ∂aᵇ/∂a, 0 where b is 0.
fn pow_slope(a: f32, b: f32) -> f32 {
  return select(b * pow_of(a, b - 1.0), 0.0, b == 0.0);
}

// ∂aᵇ/∂b, 0 at a = 0 unless b is negative.
fn pow_growth(a: f32, b: f32) -> f32 {
  return select(pow_of(a, b) * precise_log(a), 0.0, a == 0.0 && b >= 0.0);
}
