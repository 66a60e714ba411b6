// The terms of log Σ exp(x) over one axis of x [OUTER, REDUCED, INNER]; `first` is the index of r = 0. Included after
// floats/non_finite by shaders that declare x, REDUCED and INNER.

// The largest term, NaN if there is one.
fn largest_term(first: u32) -> f32 {
  var largest = -infinity();
  var size = 0u;
  for (var r = 0u; r < REDUCED; r++) {
    let value = x[first + r * INNER];
    largest = max(largest, value);
    size = max(size, magnitude(value));
  }
  return largest_of(largest, size);
}

// log Σ exp(x − largest), for a finite largest term: the sum is at least 1 and at most REDUCED, so nothing overflows.
fn log_of_sum(first: u32, largest: f32) -> f32 {
  var total = 0.0;
  for (var r = 0u; r < REDUCED; r++) {
    total += exp(x[first + r * INNER] - largest);
  }
  return log(total);
}
