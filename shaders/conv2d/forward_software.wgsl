// Convolution with stride 1 for CPU implementations of Vulkan, where an invocation is a SIMD lane.
//
//   y[n,p,q,o] = Σ_{i,j,c} x[n, p+i−PAD_TOP, q+j−PAD_LEFT, c] · packed[block(o), i, c, j, lane(o), v(o)]
//
// Shapes: x [N,H,W,C], packed [BLOCKS, KH, C, KW, SG, LANE_OUTPUTS] from `pack_software` → y [N,P,Q,O].
// One invocation owns LANE_OUTPUTS consecutive output channels at each pixel of a tile of TILE_P × TILE_Q pixels in each
// of TILE_N images; one workgroup is one subgroup and so makes SG · LANE_OUTPUTS channels of that tile.
//
// Why this variant: on such a device a load is a branch and a scalar move for every lane, as expensive as some
// twenty multiply-adds of a whole vector, while broadcasting a lane's value costs next to nothing. Hence the lanes
// load neighbouring pixels of an input row and every multiply-add takes its pixel by shuffle; weights and pixels once
// loaded serve all pixels of the tile and KW · LANE_OUTPUTS multiply-adds. The window row j is innermost because storing a
// variable inside a loop costs a blend: KW multiply-adds share one.
// The driver unrolls a loop of at most about 35 multiply-adds of vec4f, where indices become constants, and leaves
// longer loops alone, at a tenth of the speed: hence the groups. One pass through the inner loop should stay below
// some 4,000 machine instructions, or it no longer fits the core's cache of decoded ones: hence tiles of 28 pixels for
// a window of 5 columns, 56 for one of 3. Tiles of rows of several images waste no rows for any P: 3×3 64→64 at 14×14
// runs 17 % faster on one row of 4 images than on two rows of one.
// The sums are in an array that a variable also indexes, when they are stored, so they stay in memory: the driver would
// otherwise move them between registers and memory twice as often.
// Of the time for 5×5 32→32, the multiply-adds alone take 58 %, loading weights 32 %, loading pixels 10 %. Weights from a
// uniform buffer, from a texture or prefetched while others are multiplied gain nothing; in workgroup memory they would
// need barriers, which make the driver keep all variables in memory.
// Measured at batch 128 on 2 cores, llvmpipe 8 wide: 5×5 32→32 at 28×28 86 GFLOP/s, 3×3 64→64 at 14×14 84 GFLOP/s.
// At any other width llvmpipe makes each shuffle a loop over the lanes: 16 wide the first of these runs at 6 GFLOP/s.

enable subgroups;

const N: u32 = 1; //! images
const H: u32 = 5; //! input height
const W: u32 = 5; //! input width
const C: u32 = 2; //! input channels
const KH: u32 = 3; //! window height
const KW: u32 = 3; //! window width
const P: u32 = 3; //! output height
const Q: u32 = 3; //! output width
const O: u32 = 3; //! output channels
const PAD_TOP: u32 = 0; //! rows of zeros above the input
const PAD_LEFT: u32 = 0; //! columns of zeros left of the input
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const LANE_OUTPUTS: u32 = 4; //! consecutive output channels per lane, the length of LaneVector
alias LaneVector = vec4f; //! one value for each output channel of a lane
const TILE_N: u32 = 1; //! images per workgroup: the same rows of each
const TILE_P: u32 = 2; //! output rows per workgroup and image; TILE_N · TILE_P is at most 4
const GROUPS: u32 = 2; //! groups of columns per row, at most 4
const GROUP: u32 = 2; //! columns per group
const GRID_X: u32 = 65535; //! workgroups along x; the rest of the list of tiles is along z

const TILE_Q = GROUPS * GROUP;
const TILE_ROWS = TILE_N * TILE_P;
const TILES_N = (N + TILE_N - 1) / TILE_N;
const TILES_P = (P + TILE_P - 1) / TILE_P;
const TILES_Q = (Q + TILE_Q - 1) / TILE_Q;
// Loads per input row: the lanes hold SG neighbouring pixels each time.
const LOADS = (TILE_Q + KW - 1 + SG - 1) / SG;

alias Sums = array<LaneVector, TILE_ROWS * TILE_Q>;
alias Weights = array<LaneVector, KW>;
alias Row = array<f32, LOADS>;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> packed: array<LaneVector>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

/// Where a lane loads its pixels of one input row; padding reads pixel 0 and is then replaced by zero.
struct RowPlace {
  offset: array<u32, LOADS>,
  inside: array<bool, LOADS>,
}

fn place_row(n: u32, p: u32, i: u32, q0: u32, lane: u32) -> RowPlace {
  var place: RowPlace;
  // Unsigned: above and left of the image wraps to huge values, which are outside as well.
  let h = p + i - PAD_TOP;
  for (var g = 0u; g < LOADS; g++) {
    let w = q0 + g * SG + lane - PAD_LEFT;
    place.inside[g] = (TILE_N == 1 || n < N) && h < H && w < W;
    place.offset[g] = select(0u, ((n * H + h) * W + w) * C, place.inside[g]);
  }
  return place;
}

fn load_row(place: ptr<function, RowPlace>, c: u32) -> Row {
  var row: Row;
  for (var g = 0u; g < LOADS; g++) {
    row[g] = select(0f, x[(*place).offset[g] + c], (*place).inside[g]);
  }
  return row;
}

/// Adds one row of the window for the GROUP output columns from `first` on.
fn accumulate(
  sums: ptr<function, Sums>,
  pixels: ptr<function, Row>,
  weights: ptr<function, Weights>,
  row: u32,
  first: u32,
) {
  for (var q = 0u; q < GROUP; q++) {
    var sum = (*sums)[row * TILE_Q + first + q];
    for (var j = 0u; j < KW; j++) {
      let pixel = subgroupShuffle((*pixels)[(first + q + j) / SG], (first + q + j) % SG);
      sum = fma(LaneVector(pixel), (*weights)[j], sum);
    }
    (*sums)[row * TILE_Q + first + q] = sum;
  }
}

/// Adds one input row to the up to four groups of one row of the tile.
fn accumulate_row(
  place: ptr<function, RowPlace>,
  c: u32,
  weights: ptr<function, Weights>,
  sums: ptr<function, Sums>,
  row: u32,
) {
  var pixels = load_row(place, c);
  accumulate(sums, &pixels, weights, row, 0);
  if (GROUPS > 1) { accumulate(sums, &pixels, weights, row, GROUP); }
  if (GROUPS > 2) { accumulate(sums, &pixels, weights, row, 2 * GROUP); }
  if (GROUPS > 3) { accumulate(sums, &pixels, weights, row, 3 * GROUP); }
}

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.z * GRID_X + group.x;
  let n0 = tile / (TILES_P * TILES_Q) * TILE_N;
  if (n0 >= N) {
    return;
  }
  let block = group.y;
  let p0 = tile / TILES_Q % TILES_P * TILE_P;
  let q0 = tile % TILES_Q * TILE_Q;

  // Rows of several images leave out the window rows outside the image, which would add zeros. Rows of one image seldom
  // agree on them, and the loop is faster when its length is a constant.
  let i_first = select(0u, max(PAD_TOP, p0) - p0, TILE_N > 1);
  let i_end = select(KH, min(KH, max(H + PAD_TOP, p0) - p0), TILE_N > 1);
  var sums: Sums;
  for (var i = i_first; i < i_end; i++) {
    var place_0 = place_row(n0 + 0 / TILE_P, p0 + 0 % TILE_P, i, q0, lane);
    var place_1 = place_row(n0 + 1 / TILE_P, p0 + 1 % TILE_P, i, q0, lane);
    var place_2 = place_row(n0 + 2 / TILE_P, p0 + 2 % TILE_P, i, q0, lane);
    var place_3 = place_row(n0 + 3 / TILE_P, p0 + 3 % TILE_P, i, q0, lane);
    for (var c = 0u; c < C; c++) {
      var weights: Weights;
      for (var j = 0u; j < KW; j++) {
        weights[j] = packed[(((block * KH + i) * C + c) * KW + j) * SG + lane];
      }
      accumulate_row(&place_0, c, &weights, &sums, 0);
      if (TILE_ROWS > 1) { accumulate_row(&place_1, c, &weights, &sums, 1); }
      if (TILE_ROWS > 2) { accumulate_row(&place_2, c, &weights, &sums, 2); }
      if (TILE_ROWS > 3) { accumulate_row(&place_3, c, &weights, &sums, 3); }
    }
  }

  for (var row = 0u; row < TILE_ROWS; row++) {
    let n = n0 + row / TILE_P;
    let p = p0 + row % TILE_P;
    for (var q = q0; q < select(q0, min(q0 + TILE_Q, Q), (TILE_N == 1 || n < N) && p < P); q++) {
      let values = sums[row * TILE_Q + q - q0];
      for (var v = 0u; v < LANE_OUTPUTS; v++) {
        let o = (block * SG + lane) * LANE_OUTPUTS + v;
        if (o < O) {
          let index = ((n * P + p) * Q + q) * O + o;
          y[index] = epilogue(values[v], index, o);
        }
      }
    }
  }
}
