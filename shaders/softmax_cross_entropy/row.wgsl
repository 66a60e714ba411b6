// One row of logits, from which its loss and its gradient are computed. The shader that includes this declares K and `logits`.
struct Row {
  largest: f32, // NaN if the row contains one
  place: u32, // of the first of the largest
  total: f32, // Σ_k exp(x[n,k] − largest); NaN if the row contains NaN or ∞, or only −∞
}

fn row_of(n: u32) -> Row {
  var row = Row(logits[n * K], 0u, 0.0);
  for (var k = 1u; k < K; k++) {
    let value = logits[n * K + k];
    if (exceeds(value, row.largest)) {
      row.largest = value;
      row.place = k;
    }
  }
  row.total = select(nan(), 0.0, is_finite(row.largest));
  for (var k = 0u; k < K; k++) {
    row.total += exp(logits[n * K + k] - row.largest);
  }
  return row;
}

// log Σ_k exp(x[n,k]) − x[n, label]. The difference is taken first: next to a large logit the logarithm's digits would be lost.
fn loss_of(row: Row, n: u32, label: u32) -> f32 {
  return log_of(row.total) + (row.largest - logits[n * K + label]);
}

// A row of NaN has no largest logit, so no label is right.
fn is_correct(row: Row, label: u32) -> bool {
  return row.place == label && !is_nan(row.largest);
}

// count · dloss/dx[n,k] = softmax(x)[n,k] − [k = label], and 0 in a row that is ignored, even if it contains NaN.
fn slope_of(row: Row, n: u32, k: u32, label: u32) -> f32 {
  let probability = exp(logits[n * K + k] - row.largest) / row.total;
  return select(0.0, probability - select(0.0, 1.0, k == label), label < K);
}
