// A standard normal number from two random words (Box and Muller 1958).
fn normal_from(a: u32, b: u32) -> f32 {
  // −ln(1 − u), by its series near 0, where WGSL promises only 2^-21 of log.
  let u = uniform_from(a);
  let series = u * (1.0 + u * (0.5 + u * (1.0 / 3.0 + u * (0.25 + u * (0.2 + u / 6.0)))));
  let radius = sqrt(2.0 * select(-log(1.0 - u), series, u < 0.0625));
  // The cosine of b as a fraction of a turn, by the series of the nearest quarter: WGSL promises only 2^-11 of cos.
  let quarters = 4.0 * uniform_from(b);
  let nearest = floor(quarters + 0.5);
  let angle = (quarters - nearest) * 1.5707963267948966;
  let t = angle * angle;
  let sine = angle * (1.0 - t / 6.0 * (1.0 - t / 20.0 * (1.0 - t / 42.0 * (1.0 - t / 72.0))));
  let cosine = 1.0 - t / 2.0 * (1.0 - t / 12.0 * (1.0 - t / 30.0 * (1.0 - t / 56.0)));
  let quarter = u32(nearest) % 4u;
  let side = select(cosine, sine, quarter % 2u == 1u);
  return radius * select(side, -side, quarter == 1u || quarter == 2u);
}
