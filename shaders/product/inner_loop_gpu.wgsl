// The inner loop of a matrix product on a GPU. Each round the workgroup stores K_STEP columns of the left factor and K_STEP
// rows of the right one in workgroup memory, so that every element is read from memory once per tile. Each vec4 read from
// there then feeds many multiply-adds, which is what bounds these kernels.
//
// Included after tile_gpu, whose constants it uses; K_STEP is a multiple of four.
const K_QUADS = K_STEP / 4u;
// vec4 of the left factor that one invocation loads per round.
const A_LOADS = TILE_M * K_QUADS / THREADS;
const_assert A_LOADS * THREADS == TILE_M * K_QUADS;

// Only the thread's index into these arrays is dynamic in the inner loop, so that the clamps which robustness adds are
// computed once. Neighbours read neighbouring rows, and the additional vec4 per row puts those on different banks.
// a_tile[row / THREADS_Y][row % THREADS_Y][k / 4] holds four consecutive terms of a row.
var<workgroup> a_tile: array<array<array<vec4f, K_QUADS + 1u>, THREADS_Y>, ROWS>;
// b_tile[k][t / THREADS_X][t % THREADS_X] holds the columns t, t + STRIPE, t + 2 STRIPE, t + 3 STRIPE.
var<workgroup> b_tile: array<array<array<vec4f, THREADS_X + 1u>, QUADS>, K_STEP>;

alias Sums = array<array<vec4f, QUADS>, ROWS>;

// Adds a round's terms to the sums of the invocation in column tx and row ty.
fn add_product(sums: ptr<function, Sums>, tx: u32, ty: u32) {
  var b0: array<vec4f, QUADS>;
  var b1: array<vec4f, QUADS>;
  var b2: array<vec4f, QUADS>;
  var b3: array<vec4f, QUADS>;
  for (var quad = 0u; quad < K_QUADS; quad++) {
    for (var j = 0u; j < QUADS; j++) {
      b0[j] = b_tile[4u * quad][j][tx];
      b1[j] = b_tile[4u * quad + 1u][j][tx];
      b2[j] = b_tile[4u * quad + 2u][j][tx];
      b3[j] = b_tile[4u * quad + 3u][j][tx];
    }
    for (var row = 0u; row < ROWS; row++) {
      let four = a_tile[row][ty][quad];
      for (var j = 0u; j < QUADS; j++) {
        (*sums)[row][j] = fma(vec4f(four.w), b3[j], fma(vec4f(four.z), b2[j],
          fma(vec4f(four.y), b1[j], fma(vec4f(four.x), b0[j], (*sums)[row][j]))));
      }
    }
  }
}
