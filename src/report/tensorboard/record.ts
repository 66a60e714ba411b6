/**
 * The framing of TFRecord files: each record has its length and checksums of length and data.
 *
 *   u64 length · u32 masked CRC of the length · data · u32 masked CRC of the data   (little-endian)
 *
 * Source: the TensorFlow guide "TFRecord and tf.train.Example"; RFC 3720, appendix B.4 (CRC-32C).
 */
import { type Encoded, concat } from './protobuf.js';

/** Castagnoli's polynomial, bit-reversed. */
const polynomial = 0x82f63b78;

/** The CRC of each byte value. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
  return crc >>> 0;
});

/** CRC-32C, which is not the CRC-32 of gzip and PNG. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255]!;
  return (crc ^ 0xffffffff) >>> 0;
}

/** A masked CRC, because the CRC of data that contains its own CRC is constant. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The checksum of a record's first eight bytes, its length. */
export function crcOfLength(bytes: Uint8Array): number {
  return maskedCrc(bytes);
}

/** One framed record. */
export function record(data: Uint8Array): Encoded {
  const head = new Uint8Array(12);
  const view = new DataView(head.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, crcOfLength(head.subarray(0, 8)), true);
  const tail = new Uint8Array(4);
  new DataView(tail.buffer).setUint32(0, maskedCrc(data), true);
  return concat([head, data, tail]);
}
