// Four random words from four counters (Jarzynski and Olano 2020, "Hash functions for GPU rendering", JCGT 9:3).
// No state: the same counters give the same words on every device; src/random.ts is the host's twin.
fn pcg4d(counter: vec4u) -> vec4u {
  var v = counter * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

// The upper 24 bits as a number in [0, 1).
fn uniform_from(bits: u32) -> f32 {
  return f32(bits >> 8u) * 5.9604644775390625e-8;
}
