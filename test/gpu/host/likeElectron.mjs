// A fixture: reading back GPU memory throws what it throws in Electron, whose V8 has no external buffers.
const { globals } = await import('./webgpu/index.js');
globals.GPUBuffer.prototype.getMappedRange = () => {
  throw new Error('External buffers are not allowed');
};
await import('./realGpuHost.mjs');
