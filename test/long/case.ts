/** What the kinds of long tests have in common: numbered cases, each repeatable alone, and what was found wrong in one. */
import { pcg4d, streams } from '../../src/random.js';

/** The columns of the table: data that are gone, a stack trace shown to a user, no end, anything else. */
export const wrongs = ['lost', 'stack trace', 'hang', 'unexpected'] as const;

export interface Finding {
  readonly wrong: (typeof wrongs)[number];
  readonly message: string;
}

export interface Kind {
  readonly name: string;
  /** How many cases there are, Infinity where they are drawn; a number stands for the same case while the seed is the same. */
  readonly most: number;
  /** How many of them a long run tries. */
  readonly usual: number;
  /** How many of them run at once. */
  readonly jobs: number;
  /** What case `n`, from 1 on, does. */
  title(n: number): string;
  run(n: number): Promise<readonly Finding[]>;
  close(): Promise<void>;
}

export interface Setting {
  /** A folder for everything that is written; removed by the caller. */
  readonly work: string;
  readonly seed: number;
}

/** A number in [0, 1) for the `draw`-th question of case `n`. */
export function random(seed: number, n: number, draw: number): number {
  return pcg4d(seed, streams.test, n, draw)[0] / 2 ** 32;
}

/** One of the list. */
export function choose<T>(list: readonly T[], share: number): T {
  return list[Math.floor(share * list.length)]!;
}
