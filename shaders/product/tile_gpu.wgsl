// The tile of a matrix product that one workgroup of a GPU computes: TILE_M × TILE_N elements, ROWS × COLUMNS of them per
// invocation, in registers.
//
// The including shader declares THREADS_X, THREADS_Y, ROWS, COLUMNS and K_STEP, the terms of the sum per round. The four
// columns of one vec4 are STRIPE apart, so that neighbours in a workgroup load and store neighbouring words for any number
// of columns, without a vec4 view of memory.
const THREADS = THREADS_X * THREADS_Y;
const QUADS = COLUMNS / 4u;
const TILE_M = THREADS_Y * ROWS;
const TILE_N = THREADS_X * COLUMNS;
const STRIPE = TILE_N / 4u;
// vec4 of the right factor that one invocation loads per round; the last may be one too many.
const B_LOADS = (STRIPE * K_STEP + THREADS - 1u) / THREADS;
// Invocations side by side in a subgroup: eight by four read the least from workgroup memory.
const WIDE = min(THREADS_X, 8u);

// Where an invocation is among the THREADS_X × THREADS_Y of its workgroup.
fn column_in_tile(local: u32) -> u32 {
  return local / (WIDE * THREADS_Y) * WIDE + local % WIDE;
}

fn row_in_tile(local: u32) -> u32 {
  return local / WIDE % THREADS_Y;
}
