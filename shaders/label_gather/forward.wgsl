// y[b] = labels[permutation[cursor + b] mod COUNT]
//
// Shapes: labels [COUNT], permutation [≥ epoch], the step's state → y [BATCH]. Positions past the end of the epoch give
// 0xffffffff, which the loss ignores. One invocation takes PER_INVOCATION labels, WORKGROUP apart.
const BATCH: u32 = 1; //! labels gathered
const COUNT: u32 = 1; //! labels in the set
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

//! include step_state/words

@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<storage, read> permutation: array<u32>;
@group(0) @binding(2) var<storage, read> state: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let b = first + k * WORKGROUP;
    if (b >= BATCH) {
      break;
    }
    let place = state[CURSOR] + b;
    let is_in_epoch = place < state[EPOCH_SIZE];
    let sample = permutation[select(0u, place, is_in_epoch)] % COUNT;
    y[b] = select(0xffffffffu, labels[sample], is_in_epoch);
  }
}
