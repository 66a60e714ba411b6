/** What other libraries call losses and metrics, in lower case, for messages that suggest the nearest name. */
const otherNames: Readonly<Record<string, string>> = {
  meanSquaredError: 'mse mseloss l2',
  meanAbsoluteError: 'mae l1loss l1',
  meanAbsolutePercentageError: 'mape',
  meanSquaredLogarithmicError: 'msle',
  rootMeanSquaredError: 'rmse',
  huber: 'huberloss smoothl1loss smoothl1',
  binaryCrossentropy: 'bce bceloss bcewithlogitsloss logloss',
  binaryFocalCrossentropy: 'focal focalloss sigmoidfocalloss',
  categoricalCrossentropy: 'cce',
  sparseCategoricalCrossentropy: 'crossentropy crossentropyloss nllloss nll scce',
  klDivergence: 'kld kldivloss kullbackleiblerdivergence',
  poisson: 'poissonnllloss',
  multiMargin: 'multimarginloss margin',
  accuracy: 'acc',
  auc: 'rocauc auroc areaundercurve',
  topKCategoricalAccuracy: 'topk top5 topkaccuracy',
  f1Score: 'f1 fscore',
};

/** Our name for one of another library, or the name itself. */
export function ourName(name: string): string {
  const bare = name.toLowerCase().replaceAll(/[_-]/g, '');
  const found = Object.entries(otherNames).find(([, others]) => others.split(' ').includes(bare));
  return found?.[0] ?? name;
}
