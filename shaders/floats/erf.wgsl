// The error function, within 2 roundings of the result besides those of exp. Needs floats/exp.
//
//   |x| ≤ 0.9277: x + x·p(x²);  above: 1 − e^−|x|·(1 + q(|x|));  p, q minimax polynomials for f32
fn erf_of(x: f32) -> f32 {
  let s = x * x;
  var p = -5.96761703e-4;
  p = p * s + 4.99119423e-3;
  p = p * s - 2.67681349e-2;
  p = p * s + 1.12819925e-1;
  p = p * s - 3.76125336e-1;
  p = p * s + 1.28379166e-1;
  let near = p * x + x;
  // From 4 on, erf is 1 in f32.
  let t = min(abs(x), 4.0);
  var q = -1.72853470e-5 * t + 3.83197126e-4;
  q = q * (t * t) + (-3.88396438e-3 * t + 2.42546219e-2);
  q = q * t - 1.06777877e-1;
  q = q * t - 6.34846687e-1;
  q = q * t - 1.28717512e-1;
  let far = 1.0 - precise_exp(q * t - t);
  let y = select(select(far, -far, x < 0.0), near, abs(x) <= 0.9277);
  return select(y, x, is_nan(x));
}
