// x[b, …] = images[i, …] · SCALE + OFFSET;  y[b] = labels[i];  i = permutation[cursor + b] mod COUNT
//
// The modulus is for epochs that show each image several times, augmented differently: their permutation has a multiple of
// COUNT entries.
// Shapes: images u8 [COUNT, ROW] packed four to a word, labels [COUNT], permutation [≥ epoch], the step's state
// → x [BATCH, ROW], y [BATCH]. Positions past the end of the epoch give x = 0 and y = 0xffffffff, which the loss ignores,
// so a partial last batch needs no other program. One invocation converts PER_INVOCATION pixels, WORKGROUP apart.
const BATCH: u32 = 1; //! samples gathered
const COUNT: u32 = 1; //! images in the set
const ROW: u32 = 784; //! bytes of one image
const SCALE: f32 = 0.00392156862745098; //! factor from bytes to values
const OFFSET: f32 = 0.0; //! added after scaling
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

//! include step_state/words

@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> permutation: array<u32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> x: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= BATCH * ROW) {
      break;
    }
    let b = element / ROW;
    let place = state[CURSOR] + b;
    let is_in_epoch = place < state[EPOCH_SIZE];
    let sample = permutation[select(0u, place, is_in_epoch)] % COUNT;
    let at = sample * ROW + element % ROW;
    let byte = (images[at / 4u] >> (at % 4u * 8u)) & 255u;
    x[element] = select(0.0, f32(byte) * SCALE + OFFSET, is_in_epoch);
    if (element % ROW == 0u) {
      y[b] = select(0xffffffffu, labels[sample], is_in_epoch);
    }
  }
}
