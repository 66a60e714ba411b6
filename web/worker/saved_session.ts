/**
 * What is kept between visits beside weights, slots and checkpoint: JSON in the metadata of the same safetensors file,
 * so that all of it is of one moment.
 */
import type { Choice } from '../../src/engine/choices.js';
import type { KernelChoice } from '../../src/nn/callbacks/callback.js';
import type { StoredTensors } from '../../src/nn/safetensors.js';
import type { EpochPoint, ModelInfo, Settings } from '../protocol.js';
import type { SavedCurve } from './curve.js';

/** What the training was at: going on, between two steps until it is resumed, or over. */
export type SavedPhase = 'training' | 'paused' | 'finished' | 'stopped';

/** As EpochPoint, with null for NaN, which JSON cannot hold. */
export interface SavedEpoch extends Omit<EpochPoint, 'logs'> {
  readonly logs: Readonly<Record<string, number | null>>;
}

export interface SavedTraining {
  readonly settings: Settings;
  readonly phase: SavedPhase;
  /** 0 before the first step. */
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** Digest of the user's own images; null for sets known by name. */
  readonly dataDigest: number | null;
  readonly curve: SavedCurve;
  readonly epochs: readonly SavedEpoch[];
  /** As in TrainingStatus; missing in files of earlier versions. */
  readonly trouble?: string | null;
  /**
   * By key, the measured kernel choices that it began with and goes by to its end: others would round otherwise. Absent in
   * what was saved before pages measured any; there the table chose.
   */
  readonly choices?: Readonly<Record<string, Choice>>;
  /** The kernel of each pass of a step, so that it can be told when they are others; absent in files of earlier versions. */
  readonly kernels?: readonly KernelChoice[];
}

export interface SavedSession {
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly origin: ModelInfo['origin'];
  readonly classNames: readonly string[];
  /** Null where only the model is kept: opened from a file, or taught by drawings. */
  readonly training: SavedTraining | null;
}

const format = 'shadegrad session 1';
const metadataKey = 'session';
const classesKey = 'classes';

/** Metadata for the file; `number` tells the later of two files. */
export function sessionMetadata(session: SavedSession, number: number): Record<string, string> {
  return {
    ...classMetadata(session.classNames),
    [metadataKey]: JSON.stringify({ format, number, ...session }),
  };
}

/** The names of the classes alone, for a file that is given away. */
export function classMetadata(classNames: readonly string[]): Record<string, string> {
  return { [classesKey]: JSON.stringify(classNames) };
}

/** The session in a file, and its number; undefined for a file that is not a session of this version. */
export function sessionIn({
  metadata,
}: StoredTensors): { readonly session: SavedSession; readonly number: number } | undefined {
  const json = parsed(metadata[metadataKey]);
  if (json?.['format'] !== format || typeof json['number'] !== 'number') return undefined;
  const { number, savedAt, origin, classNames, training } = json as unknown as SavedSession & {
    readonly number: number;
  };
  return { session: { savedAt, origin, classNames, training }, number };
}

/** What a file says of its classes, else their numbers. */
export function classNamesIn({ metadata }: StoredTensors, classes: number): readonly string[] {
  const names: unknown = parsed(metadata[classesKey]);
  const areNames =
    Array.isArray(names) && names.length === classes && names.every((name) => typeof name === 'string');
  return areNames ? names : Array.from({ length: classes }, (_, label) => String(label));
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text ?? 'null');
    return typeof json === 'object' && json !== null
      ? (json as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined; // Not written by this page.
  }
}
