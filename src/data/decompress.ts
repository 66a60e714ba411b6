/** gzip and zlib through `DecompressionStream`, which Node and every browser with WebGPU have. */

/** The pieces of what was packed. Throws: TypeError when the bytes are damaged, cut off, or more follow their end. */
export async function* decompress(
  packed: Uint8Array,
  format: 'gzip' | 'deflate',
): AsyncGenerator<Uint8Array, void> {
  const source = new Blob([packed.slice()]).stream();
  const reader = source.pipeThrough(new DecompressionStream(format)).getReader();
  try {
    // Not `for await` over the stream: Safari does not have that.
    for (let next = await reader.read(); !next.done; next = await reader.read())
      yield next.value as Uint8Array;
  } finally {
    await reader.cancel().catch(() => undefined); // Whoever stops early, or has heard of an error, needs no other.
  }
}
