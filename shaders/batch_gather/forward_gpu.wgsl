// x[b, …] = images[i, …] · SCALE + OFFSET;  y[b] = labels[i];  i = permutation[cursor + b] mod COUNT
//
// Shapes: images u8 [COUNT, ROW] packed four to a word, ROW a multiple of four, labels [COUNT], permutation [≥ epoch], the
// step's state → x [BATCH, ROW], y [BATCH]. Positions past the end of the epoch give x = 0 and y = 0xffffffff, which the
// loss ignores. One invocation converts the four pixels of one word.
//
// Why this variant: each word of the images is read once instead of four times, and the divisions are done for four pixels.
const BATCH: u32 = 1; //! samples gathered
const COUNT: u32 = 1; //! images in the set
const ROW: u32 = 784; //! bytes of one image, a multiple of four
const SCALE: f32 = 0.00392156862745098; //! factor from bytes to values
const OFFSET: f32 = 0.0; //! added after scaling
const WORKGROUP: u32 = 64; //! invocations per workgroup
const WORDS: u32 = ROW / 4u;

//! include step_state/words

@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> permutation: array<u32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let word = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (word >= BATCH * WORDS) {
    return;
  }
  let b = word / WORDS;
  let place = state[CURSOR] + b;
  let is_in_epoch = place < state[EPOCH_SIZE];
  let sample = permutation[select(0u, place, is_in_epoch)] % COUNT;
  let bytes = (vec4u(images[sample * WORDS + word % WORDS]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  x[word] = select(vec4f(), vec4f(bytes) * SCALE + OFFSET, is_in_epoch);
  if (word % WORDS == 0u) {
    y[b] = select(0xffffffffu, labels[sample], is_in_epoch);
  }
}
