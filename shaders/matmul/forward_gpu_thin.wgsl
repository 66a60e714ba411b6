// Matrix product with few columns, for a GPU whose subgroups are of one width.
//
//   c[m,n] = Σ_k a[m,k] · b[k,n]        with b[n,k] when TRANSPOSE_B
//
// Shapes: a [M,K], b [K,N] (or [N,K]) → c [M,N], N at most 16.
// One subgroup, which is a workgroup, computes one row of c: its invocations divide k, each adds up its terms of all N
// columns in registers, and subgroupAdd adds these sums, always in the same order.
//
// Why this variant: the last layer of a classifier has so few outputs that tiles leave a GPU nearly empty, and each of their
// rounds waits for its loads; here all loads of a row are in flight at once, and nothing waits at a barrier.

enable subgroups;

const M: u32 = 5; //! rows of c
const N: u32 = 6; //! columns of c
const K: u32 = 7; //! length of the sum
const TRANSPOSE_B: u32 = 0; //! 1 when b is stored [N,K]
const SG: u32 = 4; //! invocations per subgroup

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(SG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let m = group.y * groups.x + group.x;
  // The same for the whole subgroup.
  if (m >= M) {
    return;
  }
  var sums: array<f32, N>;
  for (var k = lane; k < K; k += SG) {
    let value = a[m * K + k];
    for (var n = 0u; n < N; n++) {
      sums[n] = fma(value, b[select(k * N + n, n * K + k, TRANSPOSE_B == 1u)], sums[n]);
    }
  }
  for (var n = 0u; n < N; n++) {
    let sum = subgroupAdd(sums[n]);
    if (lane == n % SG) {
      c[m * N + n] = epilogue(sum, m * N + n, n);
    }
  }
}
