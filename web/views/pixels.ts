/** Pictures on canvases, redrawn if the GPU context of a canvas was lost and restored. */

const pictures = new WeakMap<HTMLCanvasElement, ImageData>();

/** One canvas pixel per pixel. */
export function showPixels(canvas: HTMLCanvasElement, picture: ImageData): void {
  const { height, width } = picture;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  if (!pictures.has(canvas)) canvas.addEventListener('contextrestored', () => draw(canvas));
  pictures.set(canvas, picture);
  draw(canvas);
}

function draw(canvas: HTMLCanvasElement): void {
  canvas.getContext('2d')?.putImageData(pictures.get(canvas)!, 0, 0);
}
