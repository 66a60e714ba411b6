/** gzip and zlib decompression with `DecompressionStream`, available in Node and in every browser with WebGPU. */

/** Input chunk size: it bounds how much output one chunk can produce, about a thousand times as much. */
const portion = 65_536;

/**
 * The decompressed data in pieces. Not from a Blob, whose stream takes a millisecond to start, which would dominate
 * for a folder of small pictures.
 *
 * Throws: TypeError when the bytes are damaged, truncated, or followed by more.
 */
export async function* decompress(
  packed: Uint8Array,
  format: 'gzip' | 'deflate',
): AsyncGenerator<Uint8Array, void> {
  const { readable, writable } = new DecompressionStream(format);
  // Not awaited: writing proceeds as pieces are read, and the reader receives its errors.
  void feed(writable.getWriter(), packed).catch(() => undefined);
  const reader = readable.getReader();
  try {
    // Safari does not support `for await` over streams.
    for (let next = await reader.read(); !next.done; next = await reader.read())
      yield next.value as Uint8Array;
  } finally {
    await reader.cancel().catch(() => undefined); // A reader that stopped early or got an error needs no other.
  }
}

async function feed(
  writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
  packed: Uint8Array,
): Promise<void> {
  for (let at = 0; at < packed.length; at += portion) await writer.write(packed.slice(at, at + portion));
  await writer.close();
}
