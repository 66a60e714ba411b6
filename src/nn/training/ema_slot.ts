/** The slot of the averages of `useEma`. */
export const emaSlot = 'average';
