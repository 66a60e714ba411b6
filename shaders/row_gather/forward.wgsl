// y[b, …] = rows[i − FIRST, …];  i = permutation[cursor + b] mod TOTAL
//
// One of several dispatches, one per buffer that holds a part of the set: this one has rows FIRST … FIRST + COUNT − 1, and
// writes those of the batch that are among them; that of the first rows also writes positions past the end of the epoch, as
// zeros. Together they write every row once.
// Shapes: rows [COUNT, ROW], permutation [≥ epoch], the step's state → y [BATCH, ROW]. Words of 32 bits, floats or integers,
// are copied as they are. One invocation copies PER_INVOCATION words, WORKGROUP apart.
const BATCH: u32 = 1; //! samples gathered
const FIRST: u32 = 0; //! rows of the set before these
const COUNT: u32 = 1; //! rows here
const TOTAL: u32 = 1; //! rows in the set
const ROW: u32 = 4; //! words of one row
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

//! include step_state/words

@group(0) @binding(0) var<storage, read> rows: array<u32>;
@group(0) @binding(1) var<storage, read> permutation: array<u32>;
@group(0) @binding(2) var<storage, read> state: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= BATCH * ROW) {
      break;
    }
    let place = state[CURSOR] + element / ROW;
    let is_in_epoch = place < state[EPOCH_SIZE];
    let sample = permutation[select(0u, place, is_in_epoch)] % TOTAL;
    // For rows before these it wraps around, to a value above COUNT.
    let row = sample - FIRST;
    if (select(FIRST == 0u, row < COUNT, is_in_epoch)) {
      y[element] = select(0u, rows[min(row, COUNT - 1u) * ROW + element % ROW], is_in_epoch);
    }
  }
}
