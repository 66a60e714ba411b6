// eˣ, eˣ − 1 and what is made of them, within a few roundings for every x; WGSL's own exp may be off by 3 + 2·|x| units in the
// last place, and its tanh by 2⁻¹¹. Needs floats/non_finite.
//
//   x = k·ln 2 + r with a whole k and |r| ≤ ln 2 / 2;  eˣ − 1 = 2ᵏ·(eʳ − 1) + (2ᵏ − 1)
const LN2_HIGH: f32 = 0.693359375; // 10 bits: its product with k is exact
const LN2_LOW: f32 = -2.12194440e-4;

// 2ᵏ for −126 ≤ k ≤ 127.
fn power_of_two(k: i32) -> f32 {
  return bitcast<f32>(u32(k + 127) << 23u);
}

fn whole_powers(x: f32) -> f32 {
  return round(x * 1.4426950408889634);
}

fn rest_of(x: f32, k: f32) -> f32 {
  return (x - k * LN2_HIGH) - k * LN2_LOW;
}

// eʳ − 1 for |r| ≤ 0.35, by its series: the next term is below 2⁻²⁵ of the result.
fn expm1_near_zero(r: f32) -> f32 {
  let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)));
  return r + r * r * (0.5 + r * (1.0 / 6.0 + r * tail));
}

fn precise_exp(x: f32) -> f32 {
  let bounded = clamp(x, -104.0, 89.0);
  let k = whole_powers(bounded);
  let half = i32(k) >> 1u;
  let value = (1.0 + expm1_near_zero(rest_of(bounded, k))) * power_of_two(half) * power_of_two(i32(k) - half);
  return select(select(value, infinity(), x > 88.72283), x, is_nan(x));
}

fn expm1_of(x: f32) -> f32 {
  let bounded = clamp(x, -30.0, 88.72283);
  let k = whole_powers(bounded);
  let p = expm1_near_zero(rest_of(bounded, k));
  // Half of the result, since 2ᵏ itself may be too large.
  let half = power_of_two(i32(k) - 1);
  let value = 2.0 * (half * p + (half - 0.5));
  return select(select(value, infinity(), x > 88.72283), x, is_nan(x));
}

fn tanh_of(x: f32) -> f32 {
  let t = expm1_of(-2.0 * min(abs(x), 20.0));
  let y = -t / (2.0 + t);
  return select(select(y, -y, x < 0.0), x, is_nan(x));
}

// 1 / (1 + e⁻ˣ)
fn logistic_of(x: f32) -> f32 {
  let e = precise_exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}
