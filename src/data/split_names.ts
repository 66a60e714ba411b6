/** The names of the splits, in a file of their own so that a reader of names does not load the code that splits. */
export const splitNames = ['official', 'kaggle', '45k/15k', 'k-fold'] as const;
export type SplitName = (typeof splitNames)[number];
