// v ← μ·v − lr·g;  p ← p + v
//              or  p ← p + μ·v − lr·g   (NESTEROV = 1)
//
// Shapes: parameters, gradients, velocity [SIZE]; lr is the step's row of stepScalars. All parameters of a model are in one
// tensor, so this is one dispatch. PER_INVOCATION elements per invocation, WORKGROUP apart.
const SIZE: u32 = 1; //! parameters
const MOMENTUM: f32 = 0.9; //! share of the old velocity that stays
const NESTEROV: u32 = 0; //! 1: the step looks one velocity ahead
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

//! include step_state/words

// The numbers that the host computes for each step of the epoch.
struct StepScalars {
  learning_rate: f32,
}

@group(0) @binding(0) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(3) var<storage, read> stepScalars: array<StepScalars>;
@group(0) @binding(4) var<storage, read> state: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  let learning_rate = stepScalars[state[EPOCH_STEP]].learning_rate;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let i = first + k * WORKGROUP;
    if (i >= SIZE) {
      break;
    }
    let step = learning_rate * gradients[i];
    let v = MOMENTUM * velocity[i] - step;
    velocity[i] = v;
    parameters[i] += select(v, MOMENTUM * v - step, NESTEROV == 1u);
  }
}
