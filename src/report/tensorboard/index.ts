export type { Pixels } from './pixels.js';
export { type TensorBoardOptions, tensorBoard } from './tensor_board.js';
