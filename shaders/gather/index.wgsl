// An index from its bits; 0xffffffff for an f32 that is not in [0, COUNT). Not compared as f32, since it may be NaN.
fn index_of(bits: u32) -> u32 {
  if (IS_FLOAT == 0u || bits << 1u == 0u) {
    return select(bits, 0u, IS_FLOAT == 1u); // the bits of −0 are not 0
  }
  return select(0xffffffffu, u32(bitcast<f32>(bits)), bits < bitcast<u32>(f32(COUNT)));
}
