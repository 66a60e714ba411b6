// Made by scripts/generate_shader_index.mjs from the files below shaders/: do not edit.
import arg_max_forward from '../../shaders/arg_max/forward.wgsl';
import augment_draw from '../../shaders/augment/draw.wgsl';
import augment_forward from '../../shaders/augment/forward.wgsl';
import avg_pool2d_forward from '../../shaders/avg_pool2d/forward.wgsl';
import avg_pool2d_input_gradient from '../../shaders/avg_pool2d/input_gradient.wgsl';
import batch_gather_forward from '../../shaders/batch_gather/forward.wgsl';
import batch_gather_forward_gpu from '../../shaders/batch_gather/forward_gpu.wgsl';
import batch_gather_chunks_forward from '../../shaders/batch_gather_chunks/forward.wgsl';
import batch_gather_chunks_forward_gpu from '../../shaders/batch_gather_chunks/forward_gpu.wgsl';
import batch_norm_gradient_sums from '../../shaders/batch_norm/gradient_sums.wgsl';
import batch_norm_gradient_sums_reduce from '../../shaders/batch_norm/gradient_sums_reduce.wgsl';
import batch_norm_input_gradient from '../../shaders/batch_norm/input_gradient.wgsl';
import batch_norm_normalise from '../../shaders/batch_norm/normalise.wgsl';
import batch_norm_statistics from '../../shaders/batch_norm/statistics.wgsl';
import batch_norm_statistics_reduce from '../../shaders/batch_norm/statistics_reduce.wgsl';
import batch_norm_moving_forward from '../../shaders/batch_norm_moving/forward.wgsl';
import conv2d_forward_baseline from '../../shaders/conv2d/forward_baseline.wgsl';
import conv2d_forward_gpu from '../../shaders/conv2d/forward_gpu.wgsl';
import conv2d_forward_software from '../../shaders/conv2d/forward_software.wgsl';
import conv2d_input_gradient_baseline from '../../shaders/conv2d/input_gradient_baseline.wgsl';
import conv2d_input_gradient_gpu from '../../shaders/conv2d/input_gradient_gpu.wgsl';
import conv2d_kernel_gradient_baseline from '../../shaders/conv2d/kernel_gradient_baseline.wgsl';
import conv2d_kernel_gradient_gpu from '../../shaders/conv2d/kernel_gradient_gpu.wgsl';
import conv2d_kernel_gradient_gpu_reduce from '../../shaders/conv2d/kernel_gradient_gpu_reduce.wgsl';
import conv2d_kernel_gradient_software from '../../shaders/conv2d/kernel_gradient_software.wgsl';
import conv2d_kernel_gradient_software_reduce from '../../shaders/conv2d/kernel_gradient_software_reduce.wgsl';
import conv2d_kernel_gradient_software_thin from '../../shaders/conv2d/kernel_gradient_software_thin.wgsl';
import conv2d_pack_software from '../../shaders/conv2d/pack_software.wgsl';
import conv2d_pad_channels_software from '../../shaders/conv2d/pad_channels_software.wgsl';
import elementwise_map from '../../shaders/elementwise/map.wgsl';
import filter2d_forward from '../../shaders/filter2d/forward.wgsl';
import floats_non_finite from '../../shaders/floats/non_finite.wgsl';
import l2_penalty_forward from '../../shaders/l2_penalty/forward.wgsl';
import l2_penalty_forward_reduce from '../../shaders/l2_penalty/forward_reduce.wgsl';
import matmul_forward_baseline from '../../shaders/matmul/forward_baseline.wgsl';
import matmul_forward_gpu from '../../shaders/matmul/forward_gpu.wgsl';
import matmul_forward_gpu_reduce from '../../shaders/matmul/forward_gpu_reduce.wgsl';
import matmul_forward_gpu_thin from '../../shaders/matmul/forward_gpu_thin.wgsl';
import matmul_forward_software from '../../shaders/matmul/forward_software.wgsl';
import matmul_pack_columns_software from '../../shaders/matmul/pack_columns_software.wgsl';
import matmul_pack_rows_software from '../../shaders/matmul/pack_rows_software.wgsl';
import max_forward from '../../shaders/max/forward.wgsl';
import max_input_gradient from '../../shaders/max/input_gradient.wgsl';
import max_pool2d_forward from '../../shaders/max_pool2d/forward.wgsl';
import max_pool2d_forward_quads from '../../shaders/max_pool2d/forward_quads.wgsl';
import max_pool2d_input_gradient from '../../shaders/max_pool2d/input_gradient.wgsl';
import max_pool2d_input_gradient_apart from '../../shaders/max_pool2d/input_gradient_apart.wgsl';
import max_pool2d_input_gradient_quads from '../../shaders/max_pool2d/input_gradient_quads.wgsl';
import micro_batch_accumulate from '../../shaders/micro_batch/accumulate.wgsl';
import micro_batch_accumulate_totals from '../../shaders/micro_batch/accumulate_totals.wgsl';
import random_pcg4d from '../../shaders/random/pcg4d.wgsl';
import rmsprop_forward from '../../shaders/rmsprop/forward.wgsl';
import rmsprop_forward_gpu from '../../shaders/rmsprop/forward_gpu.wgsl';
import roofline_copy from '../../shaders/roofline/copy.wgsl';
import roofline_multiply_add from '../../shaders/roofline/multiply_add.wgsl';
import roofline_read from '../../shaders/roofline/read.wgsl';
import sgd_forward from '../../shaders/sgd/forward.wgsl';
import sgd_momentum_forward from '../../shaders/sgd_momentum/forward.wgsl';
import softmax_forward from '../../shaders/softmax/forward.wgsl';
import softmax_input_gradient from '../../shaders/softmax/input_gradient.wgsl';
import softmax_cross_entropy_forward from '../../shaders/softmax_cross_entropy/forward.wgsl';
import softmax_cross_entropy_forward_together from '../../shaders/softmax_cross_entropy/forward_together.wgsl';
import softmax_cross_entropy_logits_gradient from '../../shaders/softmax_cross_entropy/logits_gradient.wgsl';
import softmax_cross_entropy_row from '../../shaders/softmax_cross_entropy/row.wgsl';
import step_state_end_step from '../../shaders/step_state/end_step.wgsl';
import sum_forward from '../../shaders/sum/forward.wgsl';
import sum_forward_gpu from '../../shaders/sum/forward_gpu.wgsl';
import transpose_forward from '../../shaders/transpose/forward.wgsl';

/** The text of every shader by its name, `<op>/<pass>[_<family>]`. */
export const shaders: Readonly<Record<string, string>> = {
  'arg_max/forward': arg_max_forward,
  'augment/draw': augment_draw,
  'augment/forward': augment_forward,
  'avg_pool2d/forward': avg_pool2d_forward,
  'avg_pool2d/input_gradient': avg_pool2d_input_gradient,
  'batch_gather/forward': batch_gather_forward,
  'batch_gather/forward_gpu': batch_gather_forward_gpu,
  'batch_gather_chunks/forward': batch_gather_chunks_forward,
  'batch_gather_chunks/forward_gpu': batch_gather_chunks_forward_gpu,
  'batch_norm/gradient_sums': batch_norm_gradient_sums,
  'batch_norm/gradient_sums_reduce': batch_norm_gradient_sums_reduce,
  'batch_norm/input_gradient': batch_norm_input_gradient,
  'batch_norm/normalise': batch_norm_normalise,
  'batch_norm/statistics': batch_norm_statistics,
  'batch_norm/statistics_reduce': batch_norm_statistics_reduce,
  'batch_norm_moving/forward': batch_norm_moving_forward,
  'conv2d/forward_baseline': conv2d_forward_baseline,
  'conv2d/forward_gpu': conv2d_forward_gpu,
  'conv2d/forward_software': conv2d_forward_software,
  'conv2d/input_gradient_baseline': conv2d_input_gradient_baseline,
  'conv2d/input_gradient_gpu': conv2d_input_gradient_gpu,
  'conv2d/kernel_gradient_baseline': conv2d_kernel_gradient_baseline,
  'conv2d/kernel_gradient_gpu': conv2d_kernel_gradient_gpu,
  'conv2d/kernel_gradient_gpu_reduce': conv2d_kernel_gradient_gpu_reduce,
  'conv2d/kernel_gradient_software': conv2d_kernel_gradient_software,
  'conv2d/kernel_gradient_software_reduce': conv2d_kernel_gradient_software_reduce,
  'conv2d/kernel_gradient_software_thin': conv2d_kernel_gradient_software_thin,
  'conv2d/pack_software': conv2d_pack_software,
  'conv2d/pad_channels_software': conv2d_pad_channels_software,
  'elementwise/map': elementwise_map,
  'filter2d/forward': filter2d_forward,
  'floats/non_finite': floats_non_finite,
  'l2_penalty/forward': l2_penalty_forward,
  'l2_penalty/forward_reduce': l2_penalty_forward_reduce,
  'matmul/forward_baseline': matmul_forward_baseline,
  'matmul/forward_gpu': matmul_forward_gpu,
  'matmul/forward_gpu_reduce': matmul_forward_gpu_reduce,
  'matmul/forward_gpu_thin': matmul_forward_gpu_thin,
  'matmul/forward_software': matmul_forward_software,
  'matmul/pack_columns_software': matmul_pack_columns_software,
  'matmul/pack_rows_software': matmul_pack_rows_software,
  'max/forward': max_forward,
  'max/input_gradient': max_input_gradient,
  'max_pool2d/forward': max_pool2d_forward,
  'max_pool2d/forward_quads': max_pool2d_forward_quads,
  'max_pool2d/input_gradient': max_pool2d_input_gradient,
  'max_pool2d/input_gradient_apart': max_pool2d_input_gradient_apart,
  'max_pool2d/input_gradient_quads': max_pool2d_input_gradient_quads,
  'micro_batch/accumulate': micro_batch_accumulate,
  'micro_batch/accumulate_totals': micro_batch_accumulate_totals,
  'random/pcg4d': random_pcg4d,
  'rmsprop/forward': rmsprop_forward,
  'rmsprop/forward_gpu': rmsprop_forward_gpu,
  'roofline/copy': roofline_copy,
  'roofline/multiply_add': roofline_multiply_add,
  'roofline/read': roofline_read,
  'sgd/forward': sgd_forward,
  'sgd_momentum/forward': sgd_momentum_forward,
  'softmax/forward': softmax_forward,
  'softmax/input_gradient': softmax_input_gradient,
  'softmax_cross_entropy/forward': softmax_cross_entropy_forward,
  'softmax_cross_entropy/forward_together': softmax_cross_entropy_forward_together,
  'softmax_cross_entropy/logits_gradient': softmax_cross_entropy_logits_gradient,
  'softmax_cross_entropy/row': softmax_cross_entropy_row,
  'step_state/end_step': step_state_end_step,
  'sum/forward': sum_forward,
  'sum/forward_gpu': sum_forward_gpu,
  'transpose/forward': transpose_forward,
};
