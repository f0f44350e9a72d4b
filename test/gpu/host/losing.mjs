// A fixture: the device is destroyed, as by a driver's reset, when the plan named "loses" is compiled.
const { globals } = await import('./webgpu/index.js');
const { requestDevice } = globals.GPUAdapter.prototype;
const devices = [];
globals.GPUAdapter.prototype.requestDevice = async function (...args) {
  const device = await requestDevice.apply(this, args);
  devices.push(device);
  return device;
};
let losing = false;
process.on('message', (message) => {
  if (message.method === 'measure') losing = message.params?.plan?.algorithm === 'loses';
});
const send = process.send.bind(process);
process.send = (message, ...rest) => {
  if (losing && message.method === 'progress' && message.params.phase === 'compile') {
    for (const device of devices.splice(0)) device.destroy();
  }
  return send(message, ...rest);
};
await import('./realGpuHost.mjs');
