/** Renders SVG to PNG with a bundled font, so that pictures are the same on every machine. */
import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';
import { DataError } from '../errors.js';

const require = createRequire(import.meta.url);
const fontFiles = ['DejaVuSans', 'DejaVuSans-Bold'].map((name) =>
  require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`),
);
const family = 'DejaVu Sans';

/**
 * Renders an SVG at `scale` times its size.
 *
 * Every font family maps to DejaVu Sans, regular or bold; system fonts are not used.
 * Throws: DataError when the text is not a valid SVG.
 */
export function svgToPng(svg: string, { scale = 2 }: { readonly scale?: number } = {}): Uint8Array {
  try {
    const drawing = new Resvg(svg, {
      font: { loadSystemFonts: false, fontFiles, defaultFontFamily: family, sansSerifFamily: family },
      fitTo: { mode: 'zoom', value: scale },
    });
    const { buffer, byteOffset, byteLength } = drawing.render().asPng();
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (cause) {
    throw new DataError(
      `SVG: it cannot be drawn (${cause instanceof Error ? cause.message : String(cause)}).`,
      {
        cause,
      },
    );
  }
}
