/**
 * The part of a saved session that is not tensors or checkpoint: JSON in the metadata of the same safetensors file, so that
 * all parts belong to the same step.
 */
import type { Choice } from '../../src/engine/kernel_selection.js';
import { ModelError } from '../../src/errors.js';
import { parseJson } from '../../src/json_reader.js';
import { recipeOfSession1 } from '../../src/recipe/earlier_forms.js';
import type { KernelChoice } from '../../src/nn/callbacks/callback.js';
import type { StoredTensors } from '../../src/nn/files/safetensors.js';
import type { EpochPoint, ModelInfo, Settings } from '../protocol.js';
import type { SavedCurve } from './curve.js';

/** What the training was doing when it was saved. */
export type SavedPhase = 'training' | 'paused' | 'finished' | 'stopped';

/** As EpochPoint, with null for NaN, which JSON cannot represent. */
export interface SavedEpoch extends Omit<EpochPoint, 'logs'> {
  readonly logs: Readonly<Record<string, number | null>>;
}

export interface SavedTraining {
  readonly settings: Settings;
  readonly phase: SavedPhase;
  /** 0 before the first step. */
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** Digest of the user's own images; null for built-in data sets. */
  readonly dataDigest: number | null;
  readonly curve: SavedCurve;
  readonly epochs: readonly SavedEpoch[];
  /** As in TrainingStatus; missing in files of earlier versions. */
  readonly trouble?: string | null;
  /**
   * The measured kernel choices by key. The training uses them to its end, since other kernels round differently. Absent in
   * files of earlier versions, which used the defaults.
   */
  readonly choices?: Readonly<Record<string, Choice>>;
  /** The kernel of each primitive of a step, to detect changes on resume; absent in files of earlier versions. */
  readonly kernels?: readonly KernelChoice[];
}

export interface SavedSession {
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly origin: ModelInfo['origin'];
  readonly classNames: readonly string[];
  /** Null if only a model is saved: one that was opened from a file, or corrected. */
  readonly training: SavedTraining | null;
}

const format = 'shadegrad session 2';
/** Its settings were only those that people could choose, not a whole recipe. */
const earlierFormat = 'shadegrad session 1';
const metadataKey = 'session';
const classesKey = 'classes';

/** Metadata for the file. Of two files, the one with the higher `number` is newer. */
export function sessionMetadata(session: SavedSession, number: number): Record<string, string> {
  return {
    ...classMetadata(session.classNames),
    [metadataKey]: JSON.stringify({ format, number, ...session }),
  };
}

/** Only the class names, for a downloaded model. */
export function classMetadata(classNames: readonly string[]): Record<string, string> {
  return { [classesKey]: JSON.stringify(classNames) };
}

/**
 * The session in a file, converted to the current format, and its number; undefined if the file is not a session of a known
 * version. Call `checkSession` (saved_session_check.ts) before using it.
 */
export function sessionIn({
  metadata,
}: StoredTensors): { readonly session: SavedSession; readonly number: number } | undefined {
  const json = parsed(metadata[metadataKey]);
  const isEarlier = json?.['format'] === earlierFormat;
  if (!(isEarlier || json?.['format'] === format) || typeof json['number'] !== 'number') return undefined;
  const {
    number,
    savedAt,
    origin,
    classNames,
    training: saved,
  } = json as unknown as SavedSession & {
    readonly number: number;
  };
  const training =
    isEarlier && saved !== null && typeof saved === 'object'
      ? { ...saved, settings: recipeOfSession1(saved.settings) as Settings }
      : saved;
  return { session: { savedAt, origin, classNames, training }, number };
}

/** The class names in a file; their indices if it has none. */
export function classNamesIn({ metadata }: StoredTensors, classes: number): readonly string[] {
  const names: unknown = parsed(metadata[classesKey]);
  const areNames =
    Array.isArray(names) && names.length === classes && names.every((name) => typeof name === 'string');
  return areNames ? names : Array.from({ length: classes }, (_, label) => String(label));
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const json = parseJson(text ?? 'null', (what) => new ModelError(what));
    return typeof json === 'object' && json !== null
      ? (json as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined; // Not written by this page.
  }
}
