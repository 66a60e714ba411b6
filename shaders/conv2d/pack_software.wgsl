// Copies a convolution kernel in the order in which `forward_software` reads it, padded with zeros.
//
//   packed[b, i, c, j, l, v] = kernel[i, j, c, o]                        o = (b·SG + l)·LANE_OUTPUTS + v
//   TRANSPOSED:              = kernel[KH−1−i, KW−1−j, o, c]              (the kernel of the input gradient)
//
// Shapes: kernel [KH, KW, C, O], or [KH, KW, O, C] when TRANSPOSED → packed [BLOCKS, KH, C, KW, SG, LANE_OUTPUTS].
// One invocation copies LANE_OUTPUTS values, one workgroup a window row of one channel of one block.
//
// Why: padding O makes the inner loop free of guards, the order makes it read one address range upwards, and
// flipping here lets one convolution serve as its own input gradient. Costs about 0.1 ms for a 5×5 kernel of
// 32×32 channels, where the convolution takes a hundred times as long.

const KH: u32 = 3; //! window height
const KW: u32 = 3; //! window width
const C: u32 = 2; //! channels that are summed over
const O: u32 = 3; //! channels that are produced
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const LANE_OUTPUTS: u32 = 4; //! consecutive output channels per lane, as in forward_software
const TRANSPOSED: u32 = 0; //! 1 packs the flipped and transposed kernel for the input gradient

@group(0) @binding(0) var<storage, read> kernel: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed: array<f32>;

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  // group = (channel, window row, block)
  let c = group.x;
  let i = group.y;
  let block = group.z;
  for (var j = 0u; j < KW; j++) {
    let target_base = ((((block * KH + i) * C + c) * KW + j) * SG + lane) * LANE_OUTPUTS;
    for (var v = 0u; v < LANE_OUTPUTS; v++) {
      let o = (block * SG + lane) * LANE_OUTPUTS + v;
      var source = ((i * KW + j) * C + c) * O + o;
      if (TRANSPOSED == 1) {
        source = (((KH - 1 - i) * KW + KW - 1 - j) * O + o) * C + c;
      }
      packed[target_base + v] = select(0f, kernel[min(source, KH * KW * C * O - 1)], o < O);
    }
  }
}
