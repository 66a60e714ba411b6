// The places of each index as a list, in ascending order: chain[i] is the first place of index i, and chain[COUNT + p] the next
// place of the index at p; PLACES if there is none.
//
// Shapes: indices [BATCH, PLACES] → chain [BATCH, COUNT + PLACES]. One invocation finds one place.
const BATCH: u32 = 1; //! lists of their own
const COUNT: u32 = 4; //! how many different indices there are
const PLACES: u32 = 2; //! indices
const IS_FLOAT: u32 = 0; //! 1: the indices are f32
const WORKGROUP: u32 = 64; //! invocations per workgroup

@group(0) @binding(0) var<storage, read> indices: array<u32>;
@group(0) @binding(1) var<storage, read_write> chain: array<u32>;

//! include gather/index

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let element = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (element >= BATCH * (COUNT + PLACES)) {
    return;
  }
  let first = element / (COUNT + PLACES) * PLACES;
  var wanted = element % (COUNT + PLACES);
  var place = 0u;
  if (wanted >= COUNT) {
    place = wanted - COUNT;
    wanted = index_of(indices[first + place]);
    place = select(PLACES, place + 1u, wanted < COUNT);
  }
  while (place < PLACES && index_of(indices[first + place]) != wanted) {
    place++;
  }
  chain[element] = place;
}
