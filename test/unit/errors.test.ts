/**
 * Plan: every class is a ShadegradError with its own name and exit code; causes survive; the wording of the
 * device errors is pinned; a broken belief is an InternalError, which no `instanceof ShadegradError` catches.
 */
import { describe, it, expect } from 'vitest';
import * as errors from '../../src/errors.js';
import { noAdapter } from '../../src/node/no_adapter.js';

const { ShadegradError, UsageError, FileError, DeviceError, InternalError } = errors;
const kinds = [
  'ShapeError',
  'UsageError',
  'DataError',
  'FileError',
  'DeviceError',
  'StateError',
  'ModelError',
] as const;

describe('errors', () => {
  it.each(kinds)('%s has its name, its exit code and its cause', (name) => {
    const cause = new Error('deeper');
    const error = new errors[name]('who: what.', { cause });
    expect(error).toBeInstanceOf(ShadegradError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error.message).toBe('who: what.');
    expect(error.cause).toBe(cause);
    expect(error.exitCode).toBe(name === 'UsageError' ? 2 : 1);
    expect(String(error)).toBe(`${name}: who: what.`);
  });

  it('the kinds are not each other', () => {
    expect(new UsageError('x')).not.toBeInstanceOf(FileError);
    expect(new FileError('x').problem).toBe('other');
    expect(new FileError('x', { problem: 'disk-full' }).problem).toBe('disk-full');
  });

  it('a missing adapter says what to install', () => {
    expect(noAdapter('Dawn lists none').message).toMatchInlineSnapshot(
      `"open: no WebGPU adapter (Dawn lists none); expected a GPU with a Vulkan, Metal or Direct3D 12 driver, or a software driver. Install one: Debian and Ubuntu 'apt-get install mesa-vulkan-drivers libvulkan1' (Debian 12: with '-t bookworm-backports'), Fedora 'dnf install mesa-vulkan-drivers vulkan-loader', Arch 'pacman -S vulkan-swrast vulkan-icd-loader', macOS and Windows the system's current graphics driver; in a browser use a current Chrome, Edge, Firefox or Safari with hardware acceleration on."`,
    );
    expect(noAdapter('x').problem).toBe('no-adapter');
  });

  it('a lost device says what to do', () => {
    const error = DeviceError.lost('destroyed');
    expect(error.message).toMatchInlineSnapshot(
      `"device: lost (destroyed); all tensors on it are gone. Open a new device and resume from the last checkpoint."`,
    );
    expect(error.problem).toBe('lost');
  });

  it('assert states the belief', () => {
    expect(() => errors.assert(1 + 1 === 2, 'one and one are two')).not.toThrow();
    const broken = () => errors.assert(false, 'every op has a gradient');
    expect(broken).toThrow(InternalError);
    expect(broken).not.toThrow(ShadegradError);
    expect(broken).toThrowErrorMatchingInlineSnapshot(
      `[InternalError: a belief of shadegrad's own is broken: every op has a gradient. This is a bug, please report it.]`,
    );
  });
});
