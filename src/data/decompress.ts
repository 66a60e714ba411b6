/** gzip and zlib through `DecompressionStream`, which Node and every browser with WebGPU have. */

/** The pieces of what was packed. Throws: TypeError when the bytes are damaged, cut off, or more follow their end. */
export async function* decompress(
  packed: Uint8Array,
  format: 'gzip' | 'deflate',
): AsyncGenerator<Uint8Array, void> {
  const source = new Blob([packed as Uint8Array<ArrayBuffer>]).stream();
  const reader = source.pipeThrough(new DecompressionStream(format)).getReader();
  try {
    // Not `for await` over the stream: Safari does not have that.
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined); // Whoever stops early, or has heard of an error, needs no other.
  }
}
