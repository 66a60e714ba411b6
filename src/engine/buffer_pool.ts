/** Buffers that wait for the next of their size: at most so many bytes, the one that waits longest goes first. */
export class BufferPool {
  readonly #bySize = new Map<number, GPUBuffer[]>();
  /** All of them, the oldest first. */
  readonly #idle = new Set<GPUBuffer>();
  #bytes = 0;

  /** `mostBytes` is asked whenever a buffer comes; `drop` destroys one that has no room. */
  constructor(
    private readonly mostBytes: () => number,
    private readonly drop: (buffer: GPUBuffer) => void,
  ) {}

  /** Of all that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The one that came last, which the caches of a processor may still hold. */
  take(size: number): GPUBuffer | undefined {
    const buffer = this.#bySize.get(size)?.at(-1);
    if (buffer) this.#remove(buffer);
    return buffer;
  }

  give(buffer: GPUBuffer): void {
    if (this.#idle.has(buffer)) return;
    const most = this.mostBytes();
    // It would only push out what is of use, and go itself.
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
