/** The device: opened when it is needed, watched until it is lost, and shown to the page. */
import type { Device } from '../../src/engine/device.js';
import { deviceInfoOf, problemOf } from './device_info.js';
import type { EventThrottle } from './event_throttle.js';

export class DeviceHolder {
  /** Undefined without WebGPU, and after a loss. */
  current: Device | undefined;
  /** The command that the device refused, after which it was destroyed. */
  #refusal: string | undefined;
  #isClosed = false;
  #listener: () => Promise<void> = async () => undefined;

  constructor(
    private readonly openDevice: () => Promise<Device>,
    private readonly events: EventThrottle,
  ) {}

  /** `listener` is called when the device was lost; the page gets the reason when it has resolved. */
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

  /** Without a device the page works as well, and shows why there is none. */
  async tryOpen(): Promise<void> {
    try {
      await this.open();
    } catch (error) {
      this.events.emit('device', { info: null, problem: problemOf(error) });
    }
  }

  /** Destroys a device that has refused a command, so that another one is opened. */
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
