// c[m, n] = Σ_k a[m, k] · b[k, n]: the matrix product, told plainly.
//
// Shapes: a [M,K] (or stored [K,M] when TRANSPOSE_A is 1), b [K,N] (or [N,K] when TRANSPOSE_B is 1) → c [M,N].
// One invocation computes one element of c. Runs on any device; the measure for the faster variants.
const M: u32 = 2; //! rows of c
const N: u32 = 3; //! columns of c
const K: u32 = 4; //! terms of each sum
const TRANSPOSE_A: u32 = 0; //! 1 when a is stored [K,M]
const TRANSPOSE_B: u32 = 0; //! 1 when b is stored [N,K]
const WORKGROUP: u32 = 64; //! invocations per workgroup
alias Value = f32; //! f32 or f16, in which a, b and c are stored; sums are f32
const A_ROW: u32 = select(K, 1u, TRANSPOSE_A == 1u);
const A_STEP: u32 = select(1u, M, TRANSPOSE_A == 1u);
const B_STEP: u32 = select(N, 1u, TRANSPOSE_B == 1u);
const B_COLUMN: u32 = select(1u, K, TRANSPOSE_B == 1u);

@group(0) @binding(0) var<storage, read> a: array<Value>;
@group(0) @binding(1) var<storage, read> b: array<Value>;
@group(0) @binding(2) var<storage, read_write> c: array<Value>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= M * N) {
    return;
  }
  let m = element / N;
  let n = element % N;
  var total = 0.0;
  for (var k = 0u; k < K; k++) {
    total += f32(a[m * A_ROW + k * A_STEP]) * f32(b[k * B_STEP + n * B_COLUMN]);
  }
  c[element] = Value(epilogue(total, element, n));
}
