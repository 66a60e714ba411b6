/** The splits by name, here alone so that a reader of names does not load what divides images. */
export const splitNames = ['official', 'kaggle', '45k/15k', 'k-fold'] as const;
export type SplitName = (typeof splitNames)[number];
