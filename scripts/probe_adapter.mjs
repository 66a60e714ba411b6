// Exits with 0 if this machine has a WebGPU adapter that computes correctly, otherwise with 1 and the reason on stderr.
// Run it in a separate process, because a broken driver may crash or hang; it ends itself after 30 seconds.
//
//   node scripts/probe_adapter.mjs            as the program opens it, with the unpacked SwiftShader if there is one
//   node scripts/probe_adapter.mjs --system   with the drivers of the system only
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { vulkanSettingsPath } from './install_swiftshader.mjs';

const limitSeconds = 30;

// A hanging driver blocks this thread and its timers, so the watchdog needs another thread.
const watchdog = new Worker(
  `setTimeout(() => {
    require('node:fs').writeSync(2, 'The graphics driver did not answer within ${limitSeconds} s.\\n');
    process.kill(process.pid, 'SIGKILL');
  }, ${limitSeconds * 1000});`,
  { eval: true },
);
watchdog.unref();

// See the top of install_swiftshader.mjs.
if (!process.argv.includes('--system') && !process.env['VK_DRIVER_FILES'] && existsSync(vulkanSettingsPath)) {
  /** @type {unknown} */
  const settings = JSON.parse(readFileSync(vulkanSettingsPath, 'utf8'));
  if (settings !== null && typeof settings === 'object' && 'driverFiles' in settings)
    process.env['VK_DRIVER_FILES'] = String(settings.driverFiles);
}

try {
  await probe();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** Adds one to the square of 256 numbers on the device and compares with the host. */
async function probe() {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals); // GPUBufferUsage, GPUMapMode
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('No WebGPU adapter was found.');
  const device = await adapter.requestDevice();

  const count = 256;
  const byteLength = 4 * count;
  const code = `
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      y[id.x] = x[id.x] * x[id.x] + 1.0;
    }`;
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
  });
  const x = device.createBuffer({
    size: byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  const y = device.createBuffer({
    size: byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const copy = device.createBuffer({
    size: byteLength,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(
    x,
    0,
    Float32Array.from({ length: count }, (_, i) => i),
  );
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [x, y].map((buffer, binding) => ({ binding, resource: { buffer } })),
    }),
  );
  pass.dispatchWorkgroups(count / 64);
  pass.end();
  encoder.copyBufferToBuffer(y, 0, copy, 0, byteLength);
  device.queue.submit([encoder.finish()]);
  await copy.mapAsync(GPUMapMode.READ);
  const wrong = new Float32Array(copy.getMappedRange()).findIndex((value, i) => value !== i * i + 1);
  if (wrong !== -1) throw new Error(`The adapter computes incorrectly: ${wrong}² + 1 is wrong.`);
}
