/**
 * Every error that shadegrad throws on purpose, one class per kind of mistake.
 *
 * A message says who speaks, what was found, what was expected and what to do, with whole shapes:
 *   `conv2d: kernel expects 3 input channels but x has 4 (x [8,32,32,4], kernel [3,3,3,16]).`
 * A user's mistake is one of the typed errors below and is shown without a stack trace. A broken belief
 * of our own is an InternalError, thrown by `assert`, and keeps its trace.
 */

/** What the process returns to the shell: 1 the work failed, 2 the command or the call was used wrongly. */
export type ExitCode = 1 | 2;

/** The common base: `error instanceof ShadegradError` separates the expected from the unexpected. */
export class ShadegradError extends Error {
  readonly exitCode: ExitCode = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    // The name written out, not `new.target.name`: a minified bundle renames the classes.
    this.name = 'ShadegradError';
  }
}

/** Tensors whose shapes or dtypes do not fit together, or do not fit an op or a layer. */
export class ShapeError extends ShadegradError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ShapeError';
  }
}

/** A wrong option, argument or order of calls; on the command line it exits with 2. */
export class UsageError extends ShadegradError {
  override readonly exitCode: ExitCode = 2;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** A data set or picture whose contents are not what its format promises. */
export class DataError extends ShadegradError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DataError';
  }
}

/** Why a file could not be used; `other` when the system's code is none of the known ones. */
export type FileProblem =
  'missing' | 'forbidden' | 'disk-full' | 'not-a-folder' | 'not-a-file' | 'locked' | 'network' | 'other';

/** A file or folder that is missing, unreadable, locked, or cannot be written. */
export class FileError extends ShadegradError {
  readonly problem: FileProblem;

  constructor(message: string, options?: ErrorOptions & { problem?: FileProblem }) {
    super(message, options);
    this.name = 'FileError';
    this.problem = options?.problem ?? 'other';
  }
}

/** `no-adapter`: nothing to compute on; `lost`: the device went away; `limit`: it is too small for the work. */
export type DeviceProblem = 'no-adapter' | 'lost' | 'limit' | 'shader' | 'other';

/** The device is absent, went away, is too small for the work, or refuses a shader. */
export class DeviceError extends ShadegradError {
  readonly problem: DeviceProblem;
  /** The method of WebGPU that threw or rejected, as `createBuffer`; undefined for other problems. */
  readonly call: string | undefined;

  constructor(message: string, options?: ErrorOptions & { problem?: DeviceProblem; call?: string }) {
    super(message, options);
    this.name = 'DeviceError';
    this.problem = options?.problem ?? 'other';
    this.call = options?.call;
  }

  /** The device is gone and everything on it with it. `reason` is the driver's own word. */
  static lost(reason: string, options?: ErrorOptions): DeviceError {
    return new DeviceError(
      `device: lost (${reason}); all tensors on it are gone. Open a new device and resume from the last checkpoint.`,
      { ...options, problem: 'lost' },
    );
  }
}

/** Something used outside its lifetime: a disposed tensor, a closed device, a model before compile(). */
export class StateError extends ShadegradError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StateError';
  }
}

/** A model, weights or checkpoint file that is damaged or describes another model. */
export class ModelError extends ShadegradError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelError';
  }
}

/** A belief of ours turned out false: a bug in shadegrad, never the user's mistake. */
export class InternalError extends Error {
  constructor(belief: string, options?: ErrorOptions) {
    super(`a belief of shadegrad's own is broken: ${belief}. This is a bug, please report it.`, options);
    this.name = 'InternalError';
  }
}

/**
 * States a belief about our own code; not for checking what a user gave.
 *
 * Throws: InternalError with the belief in words when the condition does not hold.
 */
export function assert(condition: unknown, belief: string): asserts condition {
  if (!condition) throw new InternalError(belief);
}
