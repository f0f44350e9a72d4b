// A fixture: the main thread stands still for ever when a device is to be opened, as within a driver's call.
process.on('message', (message) => {
  if (message.method === 'open') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
await import('./realGpuHost.mjs');
