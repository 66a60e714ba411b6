// y = LAMBDA · Σ partial: one workgroup adds the sums of forward.wgsl, first each invocation its share, then invocation 0 all, in order.
//
// Shapes: partial [PARTS] → y [].
const PARTS: u32 = 1; //! partial sums
const LAMBDA: f32 = 1e-4; //! weight of the penalty
const WORKGROUP: u32 = 64; //! invocations of the one workgroup

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<f32, WORKGROUP>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var i = lane; i < PARTS; i += WORKGROUP) {
    total += partial[i];
  }
  sums[lane] = total;
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < WORKGROUP; i++) {
      total += sums[i];
    }
    y[0] = epilogue(LAMBDA * total, 0u, 0u);
  }
}
