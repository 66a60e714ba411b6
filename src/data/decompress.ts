/** gzip and zlib through `DecompressionStream`, which Node and every browser with WebGPU have. */

/** As much is handed over at a time, so that no more than a thousand times that comes out unasked for. */
const portion = 65_536;

/**
 * The pieces of what was packed. Not out of a Blob, whose stream takes a millisecond to begin: a folder of small
 * pictures would wait for nothing else.
 *
 * Throws: TypeError when the bytes are damaged, cut off, or more follow their end.
 */
export async function* decompress(
  packed: Uint8Array,
  format: 'gzip' | 'deflate',
): AsyncGenerator<Uint8Array, void> {
  const { readable, writable } = new DecompressionStream(format);
  // Not awaited: it goes on as pieces are read. Whatever fails there, the reader hears of it.
  void feed(writable.getWriter(), packed).catch(() => undefined);
  const reader = readable.getReader();
  try {
    // Not `for await` over the stream: Safari does not have that.
    for (let next = await reader.read(); !next.done; next = await reader.read())
      yield next.value as Uint8Array;
  } finally {
    await reader.cancel().catch(() => undefined); // Whoever stops early, or has heard of an error, needs no other.
  }
}

async function feed(
  writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
  packed: Uint8Array,
): Promise<void> {
  for (let at = 0; at < packed.length; at += portion) await writer.write(packed.slice(at, at + portion));
  await writer.close();
}
