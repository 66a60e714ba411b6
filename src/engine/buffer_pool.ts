/** Idle buffers by length, up to a limit in bytes; the least recently released is evicted first. */
export class BufferPool {
  readonly #bySize = new Map<number, GPUBuffer[]>();
  /** All idle buffers, oldest first. */
  readonly #idle = new Set<GPUBuffer>();
  #bytes = 0;

  /** `mostBytes` is called when a buffer is released; `drop` destroys an evicted one. */
  constructor(
    private readonly mostBytes: () => number,
    private readonly drop: (buffer: GPUBuffer) => void,
  ) {}

  /** Bytes of all idle buffers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The most recently released one, which may still be in the processor's caches. */
  take(size: number): GPUBuffer | undefined {
    const buffer = this.#bySize.get(size)?.at(-1);
    if (buffer) this.#remove(buffer);
    return buffer;
  }

  give(buffer: GPUBuffer): void {
    if (this.#idle.has(buffer)) return;
    const most = this.mostBytes();
    // It would evict useful buffers and then be evicted itself.
    if (buffer.size > most) return this.drop(buffer);
    const ofSize = this.#bySize.get(buffer.size) ?? [];
    ofSize.push(buffer);
    this.#bySize.set(buffer.size, ofSize);
    this.#idle.add(buffer);
    this.#bytes += buffer.size;
    for (const oldest of this.#idle) {
      if (this.#bytes <= most) break;
      this.#remove(oldest);
      this.drop(oldest);
    }
  }

  count(size: number): number {
    return this.#bySize.get(size)?.length ?? 0;
  }

  clear(): void {
    for (const buffer of this.#idle) {
      this.#remove(buffer);
      this.drop(buffer);
    }
  }

  #remove(buffer: GPUBuffer): void {
    this.#idle.delete(buffer);
    this.#bytes -= buffer.size;
    const ofSize = this.#bySize.get(buffer.size) as GPUBuffer[];
    ofSize.splice(ofSize.lastIndexOf(buffer), 1);
    if (ofSize.length === 0) this.#bySize.delete(buffer.size);
  }
}
