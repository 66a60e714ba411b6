/** A picture, row by row from the top: grey, grey and alpha, RGB, or RGBA, 8 bits each. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}
