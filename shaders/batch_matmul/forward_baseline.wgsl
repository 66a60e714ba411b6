// c[o, i, m, n] = Σ_k a[o, i, m, k] · b[o, i, k, n]: products of many matrices, told plainly.
//
// Shapes: a [OUTER,INNER,M,K] (or stored […,K,M] when TRANSPOSE_A is 1), b [OUTER,INNER,K,N] (or […,N,K] when TRANSPOSE_B is
// 1) → c [OUTER,INNER,M,N]. Along OUTER and INNER an operand may have one matrix for all, whose stride is 0.
// One invocation computes one element of c. Runs on any device; the measure for the faster variants.
const BATCH: u32 = 6; //! OUTER · INNER
const INNER: u32 = 3; //! matrices of c per step along OUTER
const A_OUTER: u32 = 24; //! elements of a from one step along OUTER to the next
const A_INNER: u32 = 8; //! the same along INNER
const B_OUTER: u32 = 36; //! elements of b from one step along OUTER to the next
const B_INNER: u32 = 12; //! the same along INNER
const M: u32 = 2; //! rows of c
const N: u32 = 3; //! columns of c
const K: u32 = 4; //! terms of each sum
const TRANSPOSE_A: u32 = 0; //! 1 when a is stored [K,M]
const TRANSPOSE_B: u32 = 0; //! 1 when b is stored [N,K]
const WORKGROUP: u32 = 64; //! invocations per workgroup
const A_ROW: u32 = select(K, 1u, TRANSPOSE_A == 1u);
const A_STEP: u32 = select(1u, M, TRANSPOSE_A == 1u);
const B_STEP: u32 = select(N, 1u, TRANSPOSE_B == 1u);
const B_COLUMN: u32 = select(1u, K, TRANSPOSE_B == 1u);

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= BATCH * M * N) {
    return;
  }
  let n = element % N;
  let m = element / N % M;
  let outer = element / (M * N * INNER);
  let inner = element / (M * N) % INNER;
  let first_a = outer * A_OUTER + inner * A_INNER + m * A_ROW;
  let first_b = outer * B_OUTER + inner * B_INNER + n * B_COLUMN;
  var total = 0.0;
  for (var k = 0u; k < K; k++) {
    total += a[first_a + k * A_STEP] * b[first_b + k * B_STEP];
  }
  c[element] = epilogue(total, element, n);
}
