// sin, cos and tan for every x; WGSL's own are off by 2⁻¹¹ within ±π, and undefined beyond. Needs floats/non_finite.
//
// x = q·π/2 + r with a whole q and |r| ≤ π/4. The turns x / 2π are multiplied out in integers, with those bits of 1 / 2π that
// matter for the fraction of a turn: whole turns overflow (Payne and Hanek 1983, "Radian reduction for trigonometric functions").

// 1 / 2π, 32 bits in each word, after a word of 0 before the point.
const INVERSE_TURN: array<u32, 8> = array<u32, 8>(
  0x00000000u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u,
  0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0x7f9458eau,
);

// The high word of a product of 32 bits by 32.
fn high_product(a: u32, b: u32) -> u32 {
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let middle = ah * bl + ((al * bl) >> 16u);
  let other = al * bh + (middle & 0xffffu);
  return ah * bh + (middle >> 16u) + (other >> 16u);
}

// 32 bits from bit `shift` of the first word on.
fn joined(first: u32, second: u32, shift: u32) -> u32 {
  return select((first << shift) | (second >> (32u - max(shift, 1u))), first, shift == 0u);
}

struct Quarter {
  turns: u32, // q modulo 4
  rest: f32,
}

fn quarter_turns(x: f32) -> Quarter {
  if (abs(x) <= 0.7853981) {
    return Quarter(0u, x);
  }
  let bits = bitcast<u32>(x);
  let mantissa = (bits << 8u) | 0x80000000u;
  // x = mantissa·2^(exponent − 32), with 0 ≤ exponent ≤ 128.
  let exponent = ((bits >> 23u) & 0xffu) - 126u;
  let first = exponent >> 5u;
  let shift = exponent & 31u;
  var table = INVERSE_TURN;
  let word0 = table[first];
  let word1 = table[first + 1u];
  let word2 = table[first + 2u];
  let word3 = table[first + 3u];
  let high = joined(word0, word1, shift);
  let middle = joined(word1, word2, shift);
  let low = joined(word2, word3, shift);
  // The fraction of a turn in 64 bits: two of the quarter turns, 62 of the rest.
  let carry = high_product(mantissa, low);
  let product = mantissa * middle;
  var lower = product + carry;
  var upper = mantissa * high + high_product(mantissa, middle) + select(0u, 1u, lower < carry);
  // To the nearest integer: a fraction from one half on is negative.
  let whole = (upper >> 30u) + ((upper >> 29u) & 1u);
  let is_negative = ((upper >> 29u) & 1u) == 1u;
  upper = (upper << 2u) | (lower >> 30u);
  lower = lower << 2u;
  if (is_negative) {
    lower = ~lower + 1u;
    upper = ~upper + select(0u, 1u, lower == 0u);
  }
  // The fraction is (upper, lower)·2⁻⁶⁴; its leading bits as a number.
  let zeros = min(countLeadingZeros(upper), 31u);
  let leading = joined(upper, lower, zeros);
  let size = f32(leading) * bitcast<f32>((127u - 32u - zeros) << 23u) * 1.5707963267948966;
  let rest = select(size, -size, is_negative);
  let is_below = x < 0.0;
  return Quarter(select(whole, 4u - (whole & 3u), is_below) & 3u, select(rest, -rest, is_below));
}

// sin r and cos r for |r| ≤ π/4.
fn sine_near_zero(r: f32) -> f32 {
  let s = r * r;
  return r + r * s * (-1.6666654611e-1 + s * (8.3321608736e-3 - s * 1.9515295891e-4));
}

fn cosine_near_zero(r: f32) -> f32 {
  let s = r * r;
  return 1.0 - 0.5 * s + s * s * (4.166664568298827e-2 + s * (-1.388731625493765e-3 + s * 2.443315711809948e-5));
}

fn sine_of_turns(turns: u32, r: f32) -> f32 {
  let value = select(sine_near_zero(r), cosine_near_zero(r), (turns & 1u) == 1u);
  return select(value, -value, (turns & 2u) == 2u);
}

fn sin_of(x: f32) -> f32 {
  let quarter = quarter_turns(x);
  return select(nan(), sine_of_turns(quarter.turns, quarter.rest), is_finite(x));
}

fn cos_of(x: f32) -> f32 {
  let quarter = quarter_turns(x);
  return select(nan(), sine_of_turns(quarter.turns + 1u, quarter.rest), is_finite(x));
}

fn tan_of(x: f32) -> f32 {
  let quarter = quarter_turns(x);
  let sine = sine_of_turns(quarter.turns, quarter.rest);
  return select(nan(), sine / sine_of_turns(quarter.turns + 1u, quarter.rest), is_finite(x));
}
