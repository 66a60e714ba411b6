// Where a coordinate of the grid is in x, along an axis of `extent` pixels, and the weights of the pixels there.

// The position in pixels. Those far outside become one just outside, which reads no pixel.
fn position(coordinate: f32, extent: u32) -> f32 {
  let size = f32(extent);
  let at = 0.5 * select((coordinate + 1.0) * size - 1.0, (coordinate + 1.0) * (size - 1.0), ALIGNED == 1u);
  return select(clamp(at, -2.0, size + 1.0), clamp(at, 0.0, size - 1.0), BORDER == 1u);
}

// The first of the two pixels around a position, or the nearest one.
fn first_pixel(at: f32) -> i32 {
  return i32(select(round(at), floor(at), LINEAR == 1u));
}

// The weight of a pixel at a position, or its derivative by the coordinate if order is 1.
fn weight(pixel: i32, at: f32, extent: u32, order: u32) -> f32 {
  let is_first = pixel == first_pixel(at);
  if (LINEAR == 0u) {
    return select(0.0, 1.0, is_first);
  }
  let share = at - floor(at);
  if (order == 0u) {
    return select(share, 1.0 - share, is_first);
  }
  let last = f32(extent) - 1.0;
  let is_clamped = BORDER == 1u && (at <= 0.0 || at >= last);
  let slope = select(0.5 * select(last + 1.0, last, ALIGNED == 1u), 0.0, is_clamped);
  return select(slope, -slope, is_first);
}
