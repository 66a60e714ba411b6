/** Recognises picture files by their contents, whatever they are called. */
import { DataError } from '../errors.js';

export type PictureKind = 'png' | 'jpeg' | 'webp' | 'gif' | 'avif' | 'bmp' | 'tiff' | 'heic';

export const kindNames: Readonly<Record<PictureKind, string>> = {
  png: 'PNG',
  jpeg: 'JPEG',
  webp: 'WebP',
  gif: 'GIF',
  avif: 'AVIF',
  bmp: 'BMP',
  tiff: 'TIFF',
  heic: 'HEIC',
};

/** The usual endings of files of these kinds, for choosing files in folders. */
export const pictureEnding = /\.(png|jpe?g|jfif|webp|gif|avif|bmp|dib|tiff?|heic|heif)$/i;

/** Limit of pixels: a small file can declare a huge picture; photographs have up to about 100 million pixels. */
export const maxPixels = 1e8;
/** Limit of file size: a photograph of 100 million pixels has fewer bytes. */
export const mostPictureBytes = 2 ** 28;

const heicBrands = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'];

/** Undefined for other files. */
export function pictureKind(bytes: Uint8Array): PictureKind | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  if (start.startsWith('\u0089PNG\r\n\u001a\n')) return 'png';
  if (start.startsWith('\u00ff\u00d8\u00ff')) return 'jpeg';
  if (start.startsWith('GIF8')) return 'gif';
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return 'webp';
  if (start.startsWith('II*\0') || start.startsWith('MM\0*')) return 'tiff';
  // After its signature, a BMP has the size of its second header in the fifteenth byte.
  if (start.startsWith('BM') && [12, 40, 52, 56, 64, 108, 124].includes(bytes[14] ?? 0)) return 'bmp';
  if (start.slice(4, 8) !== 'ftyp') return undefined;
  const brand = start.slice(8, 12);
  return brand.startsWith('avi') ? 'avif' : heicBrands.includes(brand) ? 'heic' : undefined;
}

/** The error for a file that is no picture, or one of a kind that nothing here decodes. */
export function notAPicture(bytes: Uint8Array, name: string): DataError {
  const start = String.fromCharCode(...bytes.subarray(0, 64)).trimStart();
  if (bytes.length === 0) return new DataError(`${name}: is empty, expected a picture.`);
  if (pictureKind(bytes) === 'heic')
    return new DataError(
      `${name}: is HEIC, the format of iPhone photographs, which cannot be read here. Export it as JPEG, or set the phone's camera format to 'Most Compatible'.`,
    );
  const kind = pictureKind(bytes);
  if (kind !== undefined)
    return new DataError(`${name}: is a ${kindNames[kind]}, which is not read here. Save it as PNG.`);
  const what = start.startsWith('<')
    ? 'it is text such as SVG or HTML'
    : start.startsWith('%PDF')
      ? 'it is a PDF'
      : 'its first bytes are those of some other kind of file';
  return new DataError(`${name}: is not a picture: ${what}. Save it as PNG or JPEG.`);
}

/** Throws: DataError for a size that is not read. */
export function checkPixels(
  name: string,
  { width, height }: Readonly<Record<'width' | 'height', number>>,
): void {
  if (width > 0 && height > 0 && width * height <= maxPixels) return;
  throw new DataError(
    `${name}: a picture of ${width}×${height} pixels; from 1 to ${maxPixels / 1e6} million are read. Make it smaller.`,
  );
}
