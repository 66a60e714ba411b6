/** Paints strokes and small pictures, on the pad and for the network. */
import type { PictureData } from '../protocol.js';
import { type Segment, type Stroke, segmentsOf } from './drawing_strokes.js';
import { showPixels } from './pixels.js';

/** Pixels in the network's input format, as the pad shows them. */
export interface SmallPicture {
  /** [height,width,channels], a byte per value. */
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

type Context2d = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Draws on a square of `side` canvas pixels. */
export function paintStrokes(
  context: Context2d,
  strokes: readonly Stroke[],
  { side, colour }: { readonly side: number; readonly colour: string },
): void {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const stroke of strokes) paintStroke(context, segmentsOf(stroke), side);
}

/** Segments of equal width form one path: separate ones would show at their soft ends. */
function paintStroke(context: Context2d, segments: readonly Segment[], side: number): void {
  segments.forEach(({ from, control, to, width }, i) => {
    if (from.x === to.x && from.y === to.y) {
      context.beginPath();
      context.arc(from.x * side, from.y * side, (width * side) / 2, 0, 2 * Math.PI);
      context.fill();
      return;
    }
    if (segments[i - 1]?.width !== width) {
      context.beginPath();
      context.lineWidth = width * side;
      context.moveTo(from.x * side, from.y * side);
    }
    context.quadraticCurveTo(control.x * side, control.y * side, to.x * side, to.y * side);
    if (segments[i + 1]?.width !== width) context.stroke();
  });
}

/** Side of the picture that is sent, in pixels: ten per network pixel. */
const sentSide = 280;

/** The strokes in the format of the worker: black on white, independent of the screen. */
export function pictureOf(strokes: readonly Stroke[]): PictureData {
  const context = new OffscreenCanvas(sentSide, sentSide).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('drawing: this browser has no 2D canvas.');
  context.fillStyle = 'white';
  context.fillRect(0, 0, sentSide, sentSide);
  paintStrokes(context, strokes, { side: sentSide, colour: 'black' });
  const { data } = context.getImageData(0, 0, sentSide, sentSide);
  return { rgba: data, width: sentSide, height: sentSide };
}

/** One canvas pixel per pixel; CSS enlarges it without smoothing. */
export function paintPixels(
  canvas: HTMLCanvasElement,
  { pixels, height, width, channels }: SmallPicture,
): void {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++)
      image.data[4 * i + c] = pixels[i * channels + (channels < 3 ? 0 : c)] as number;
    image.data[4 * i + 3] = 255;
  }
  showPixels(canvas, image);
}

/** Converts light on dark to ink on paper: the value of a pixel becomes opacity. */
export function paintAsInk(
  context: CanvasRenderingContext2D,
  { pixels, height, width, channels }: SmallPicture,
  { side, colour }: { readonly side: number; readonly colour: string },
): void {
  const size = side / Math.max(width, height);
  context.fillStyle = colour;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = pixels[(y * width + x) * channels] as number;
      if (value === 0) continue;
      context.globalAlpha = value / 255;
      const [left, top] = [Math.round(x * size), Math.round(y * size)];
      context.fillRect(left, top, Math.round((x + 1) * size) - left, Math.round((y + 1) * size) - top);
    }
  }
  context.globalAlpha = 1;
}
