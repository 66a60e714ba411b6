// dx = γ/σ · (dy − dβ/count − (x − mean)·dγ/(σ·count)) in the rows that count, 0 in the others.
//
// Shapes: x, dy [N·PIXELS, C], mean [C], coefficients [3, C] = (γ/σ, dβ/count, dγ/(σ·count)), the step's state
// → dx [N·PIXELS, C]. One invocation takes ROWS rows of one channel, so that the channel's numbers are loaded once;
// adjacent invocations take adjacent channels, so loads of one row are contiguous.
const N: u32 = 1; //! samples
const PIXELS: u32 = 4; //! rows of one sample
const C: u32 = 1; //! channels
const ROWS: u32 = 1; //! rows per invocation
const WORKGROUP: u32 = 64; //! invocations per workgroup
const BLOCKS: u32 = (N * PIXELS + ROWS - 1u) / ROWS;

//! include step_state/words

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> coefficients: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<u32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= BLOCKS * C) {
    return;
  }
  let c = element % C;
  let first = element / C * ROWS;
  let count = min(N, state[EPOCH_SIZE] - state[CURSOR]) * PIXELS;
  let centre = mean[c];
  let scale = coefficients[c];
  let shift = coefficients[C + c];
  let slope = coefficients[2u * C + c];
  for (var r = first; r < min(first + ROWS, N * PIXELS); r++) {
    let at = r * C + c;
    let value = scale * (dy[at] - shift - (x[at] - centre) * slope);
    dx[at] = epilogue(select(0.0, value, r < count), at, c);
  }
}
