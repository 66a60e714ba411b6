/** Opens the device, watches for its loss, and reports both to the page. */
import type { Device } from '../../src/engine/device.js';
import { deviceInfoOf, problemOf } from './device_info.js';
import type { EventThrottle } from './event_throttle.js';

export class DeviceHolder {
  /** Undefined without WebGPU, and after a loss. */
  current: Device | undefined;
  /** Why the device was destroyed: the error of a command that it refused. */
  #refusal: string | undefined;
  #isClosed = false;
  #listener: () => Promise<void> = async () => undefined;

  constructor(
    private readonly openDevice: () => Promise<Device>,
    private readonly events: EventThrottle,
  ) {}

  /** `listener` is called when the device was lost. The page receives the reason after `listener` has resolved. */
  onLost(listener: () => Promise<void>): void {
    this.#listener = listener;
  }

  /** Throws: DeviceError. */
  async open(): Promise<Device> {
    const device = await this.openDevice();
    this.current = device;
    this.events.emit('device', { info: deviceInfoOf(device), problem: null });
    // Not awaited: it settles when the device is lost, if ever.
    void this.#watch(device);
    return device;
  }

  /** As `open`, but reports an error to the page, which also works without a device. */
  async tryOpen(): Promise<void> {
    try {
      await this.open();
    } catch (error) {
      this.events.emit('device', { info: null, problem: problemOf(error) });
    }
  }

  /** Destroys a device that refused a command, so that a new one can be opened. */
  refuse(device: Device, refusal: string): void {
    this.#refusal = refusal;
    device.destroy();
  }

  close(): void {
    this.#isClosed = true;
    this.current?.destroy();
  }

  async #watch(device: Device): Promise<void> {
    const info = deviceInfoOf(device);
    const { message, reason } = await device.lost;
    if (this.#isClosed || this.current !== device) return;
    this.current = undefined;
    await this.#listener();
    this.events.emit('device', { info, problem: this.#refusal ?? (message || reason).trim() });
    this.events.flush();
    this.#refusal = undefined;
  }
}
