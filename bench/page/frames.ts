/** How smoothly the page was painted over some seconds. */
export interface Frames {
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly worstMs: number;
  /** Tasks above 50 ms on the main thread. */
  readonly longTasksMs: readonly number[];
}
