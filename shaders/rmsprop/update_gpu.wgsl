// v ← ρ·v + (1 − ρ)·g²;  p ← p − lr·g / √(v + ε)   (ε inside the root, as in Keras)
//                    or  p ← p − lr·g / (√v + ε)   (EPSILON_INSIDE = 0, as in PyTorch)
//
// Shapes: parameters, gradients, mean_square [SIZE], SIZE a multiple of four; lr is the step's row of stepScalars. One
// invocation updates the four elements of one vec4.
//
// Why this variant: five words are moved for eight operations, so memory is the limit, and a vec4 takes a quarter of the
// instructions that a GPU needs to keep enough loads in flight.
const SIZE: u32 = 4; //! parameters
const RHO: f32 = 0.9; //! share of the old mean square that stays
const EPSILON: f32 = 1e-8; //! keeps the root away from zero
const EPSILON_INSIDE: u32 = 1; //! 1: under the root; 0: added to it
const WORKGROUP: u32 = 64; //! invocations per workgroup

//! include step_state/words

// The numbers that the host computes for each step of the epoch.
struct StepScalars {
  learning_rate: f32,
}

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> mean_square: array<vec4f>;
@group(0) @binding(3) var<storage, read> stepScalars: array<StepScalars>;
@group(0) @binding(4) var<storage, read> state: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (i >= SIZE / 4u) {
    return;
  }
  let learning_rate = stepScalars[state[EPOCH_STEP]].learning_rate;
  let g = gradients[i];
  let v = RHO * mean_square[i] + (1.0 - RHO) * g * g;
  mean_square[i] = v;
  let root = select(sqrt(v) + EPSILON, sqrt(v + EPSILON), EPSILON_INSIDE == 1u);
  parameters[i] -= learning_rate * g / root;
}
