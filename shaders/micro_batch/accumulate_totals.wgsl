// totalSums ← totalSums + totals, starting from 0 at the start of a batch;  cursor ← cursor + MICRO_BATCH
//
// Ends a micro-batch, in one invocation, after accumulate.wgsl has read the state.
// Shapes: totals, totalSums [TOTALS], the step's state [8].
const TOTALS: u32 = 4; //! sums over the samples
const MICRO_BATCH: u32 = 1; //! samples per micro-batch

//! include step_state/words

@group(0) @binding(0) var<storage, read> totals: array<f32>;
@group(0) @binding(1) var<storage, read_write> totalSums: array<f32>;
@group(0) @binding(2) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(1)
fn main() {
  let is_first = state[CURSOR] == state[BATCH_START];
  for (var i = 0u; i < TOTALS; i++) {
    totalSums[i] = select(totalSums[i], 0.0, is_first) + totals[i];
  }
  state[CURSOR] += MICRO_BATCH;
}
