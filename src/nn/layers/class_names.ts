/** The layers by the names that files have for them. Apart from index.ts, so that `layers.dense` brings no other layer. */
import { activation } from './activation.js';
import { activityRegularization } from './activity_regularization.js';
import { add } from './add.js';
import { alphaDropout } from './alpha_dropout.js';
import { average } from './average.js';
import { averagePooling2d } from './average_pooling2d.js';
import { batchNormalization } from './batch_normalization.js';
import { categoryEncoding } from './category_encoding.js';
import { concatenate } from './concatenate.js';
import { conv2dTranspose } from './conv2d_transpose.js';
import { cropping2d } from './cropping2d.js';
import { dense } from './dense.js';
import { depthwiseConv2d } from './depthwise_conv2d.js';
import { dot } from './dot.js';
import { dropout } from './dropout.js';
import { elu } from './elu.js';
import { embedding } from './embedding.js';
import { flatten } from './flatten.js';
import { gaussianDropout } from './gaussian_dropout.js';
import { gaussianNoise } from './gaussian_noise.js';
import { globalAveragePooling2d } from './global_average_pooling2d.js';
import { globalMaxPooling2d } from './global_max_pooling2d.js';
import { groupNormalization } from './group_normalization.js';
import { conv2d } from './grouped_conv2d.js';
import { identity } from './identity.js';
import { instanceNormalization } from './instance_normalization.js';
import { layerNormalization } from './layer_normalization.js';
import { leakyRelu } from './leaky_relu.js';
import { maxPooling2d } from './max_pooling2d.js';
import { maximum } from './maximum.js';
import { minimum } from './minimum.js';
import { multiply } from './multiply.js';
import { permute } from './permute.js';
import { prelu } from './prelu.js';
import { randomBrightness } from './random_brightness.js';
import { randomContrast } from './random_contrast.js';
import { randomCrop } from './random_crop.js';
import { randomErasing } from './random_erasing.js';
import { randomFlip } from './random_flip.js';
import { randomRotation } from './random_rotation.js';
import { randomTranslation } from './random_translation.js';
import { randomZoom } from './random_zoom.js';
import type { LayerMaker } from './registry.js';
import { relu } from './relu.js';
import { repeatVector } from './repeat_vector.js';
import { rescaling } from './rescaling.js';
import { reshape } from './reshape.js';
import { resizing } from './resizing.js';
import { rmsNormalization } from './rms_normalization.js';
import { separableConv2d } from './separable_conv2d.js';
import { softmax } from './softmax.js';
import { spatialDropout2d } from './spatial_dropout2d.js';
import { subtract } from './subtract.js';
import { unitNormalization } from './unit_normalization.js';
import { upSampling2d } from './up_sampling2d.js';
import { zeroPadding2d } from './zero_padding2d.js';
import { nestedModel } from '../network/nested_models.js';

/** Every layer by Keras's class name, for `registerLayers`. */
export const layerClasses: Readonly<Record<string, LayerMaker>> = {
  Activation: activation,
  ActivityRegularization: activityRegularization,
  Add: add,
  AlphaDropout: alphaDropout,
  Average: average,
  AveragePooling2D: averagePooling2d,
  BatchNormalization: batchNormalization,
  CategoryEncoding: categoryEncoding,
  Concatenate: concatenate,
  Conv2D: conv2d,
  Conv2DTranspose: conv2dTranspose,
  Cropping2D: cropping2d,
  Dense: dense,
  DepthwiseConv2D: depthwiseConv2d,
  Dot: dot,
  Dropout: dropout,
  ELU: elu,
  Embedding: embedding,
  Flatten: flatten,
  Functional: nestedModel,
  GaussianDropout: gaussianDropout,
  GaussianNoise: gaussianNoise,
  Identity: identity,
  MaxPooling2D: maxPooling2d,
  SeparableConv2D: separableConv2d,
  Maximum: maximum,
  Minimum: minimum,
  Multiply: multiply,
  Rescaling: rescaling,
  Sequential: nestedModel,
  SpatialDropout2D: spatialDropout2d,
  Subtract: subtract,
  GlobalAveragePooling2D: globalAveragePooling2d,
  GlobalMaxPooling2D: globalMaxPooling2d,
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LeakyReLU: leakyRelu,
  PReLU: prelu,
  Permute: permute,
  RandomBrightness: randomBrightness,
  RandomContrast: randomContrast,
  RandomCrop: randomCrop,
  RandomErasing: randomErasing,
  RandomFlip: randomFlip,
  RandomRotation: randomRotation,
  RandomTranslation: randomTranslation,
  RandomZoom: randomZoom,
  RMSNormalization: rmsNormalization,
  ReLU: relu,
  RepeatVector: repeatVector,
  Reshape: reshape,
  Resizing: resizing,
  Softmax: softmax,
  UnitNormalization: unitNormalization,
  UpSampling2D: upSampling2d,
  ZeroPadding2D: zeroPadding2d,
};
