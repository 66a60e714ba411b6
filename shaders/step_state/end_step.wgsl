// ring[step mod RING] = (totals, …, step);  step ← step + 1;  epoch step ← epoch step + 1;  cursor ← cursor + BATCH
//
// If the batch was split into micro-batches, the cursor has advanced within it: the next batch starts BATCH after its
// start, and samples count up to the end of the next batch.
//
// Ends every step, in one invocation: writes its metrics where the host reads them some steps later, and advances the
// counters without the host, so that one submit can contain several steps.
const RING: u32 = 64; //! steps that the ring holds
const ROW: u32 = 5; //! words of a row of the ring
const TOTALS: u32 = 4; //! sums over the samples of the step
const BATCH: u32 = 1; //! samples per step
const ACCUMULATED: u32 = 0; //! 1: the batch was split into micro-batches

//! include step_state/words

@group(0) @binding(0) var<storage, read> totals: array<f32>;
@group(0) @binding(1) var<storage, read_write> state: array<u32>;
@group(0) @binding(2) var<storage, read_write> ring: array<u32>;

@compute @workgroup_size(1)
fn main() {
  let step = state[STEP];
  let row = step % RING * ROW;
  for (var i = 0u; i < TOTALS; i++) {
    ring[row + i] = bitcast<u32>(totals[i]);
  }
  ring[row + ROW - 1u] = step;
  state[STEP] = step + 1u;
  state[EPOCH_STEP] += 1u;
  let cursor = select(state[CURSOR], state[BATCH_START], ACCUMULATED == 1u) + BATCH;
  state[CURSOR] = cursor;
  if (ACCUMULATED == 1u) {
    state[BATCH_START] = cursor;
    state[EPOCH_SIZE] = min(cursor + BATCH, state[EPOCH_END]);
  }
}
