// gradientSums ← gradientSums + gradients · totals[COUNT] / (epoch size − batch start), starting from 0 at the start of a batch
//
// The epoch's size is that of the step's state: with micro-batches, the end of the batch. So the
// factor is this micro-batch's share of the batch's samples.
// Shapes: gradients, gradientSums [SIZE], totals [T]. PER_INVOCATION elements per invocation, WORKGROUP apart.
const SIZE: u32 = 1; //! elements
const COUNT: u32 = 2; //! place of the number of samples in totals
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

//! include step_state/words

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> totals: array<f32>;
@group(0) @binding(2) var<storage, read> state: array<u32>;
@group(0) @binding(3) var<storage, read_write> gradientSums: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  let is_first = state[CURSOR] == state[BATCH_START];
  let share = totals[COUNT] / f32(max(state[EPOCH_SIZE] - state[BATCH_START], 1u));
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let i = first + k * WORKGROUP;
    if (i >= SIZE) {
      break;
    }
    gradientSums[i] = select(gradientSums[i], 0.0, is_first) + share * gradients[i];
  }
}
