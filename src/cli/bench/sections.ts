/** The sections of a bench, in the order in which they are measured. */
export const sectionNames = [
  'roofline',
  'end-to-end',
  'step',
  'kernels',
  'inputs',
  'scaling',
  'to-99',
  'peers',
] as const;
export type SectionName = (typeof sectionNames)[number];
