/**
 * Debug levels: 1 device, caches, memory · 2 a line per kernel with time, GB/s, GFLOP/s · 3 the specialised
 * WGSL · 4 every dispatch with shapes. Node's opener takes the level from DEBUG, a page from `?debug=2`.
 */
let level = 0;
let sink: (line: string) => void = (line) => console.error(line);

export function setDebugLevel(next: number): void {
  level = next;
}

export function debugLevel(): number {
  return level;
}

/** Redirects debug lines from console.error to `sink`. */
export function setDebugSink(next: (line: string) => void): void {
  sink = next;
}

/** Prints `line()` if the level is at least `at`; otherwise does not call `line`. */
export function debug(at: number, line: () => string): void {
  if (level >= at) sink(line());
}
