// v ← ρ·v + (1 − ρ)·g²;  p ← p − lr·g / √(v + ε)   (ε inside the root, as in Keras)
//                    or  p ← p − lr·g / (√v + ε)   (EPSILON_INSIDE = 0, as in PyTorch)
//
// Shapes: parameters, gradients, mean_square [SIZE]; lr is the step's row of stepScalars. All parameters of a model are in
// one tensor, so this is one dispatch. PER_INVOCATION elements per invocation, WORKGROUP apart.
const SIZE: u32 = 1; //! parameters
const RHO: f32 = 0.9; //! share of the old mean square that stays
const EPSILON: f32 = 1e-8; //! keeps the root away from zero
const EPSILON_INSIDE: u32 = 1; //! 1: under the root; 0: added to it
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation

//! include step_state/words

// The numbers that the host computes for each step of the epoch.
struct StepScalars {
  learning_rate: f32,
}

@group(0) @binding(0) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean_square: array<f32>;
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
    let g = gradients[i];
    let v = RHO * mean_square[i] + (1.0 - RHO) * g * g;
    mean_square[i] = v;
    let root = select(sqrt(v) + EPSILON, sqrt(v + EPSILON), EPSILON_INSIDE == 1u);
    parameters[i] -= learning_rate * g / root;
  }
}
