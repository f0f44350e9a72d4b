// A fixture: aborts, as a driver does that runs into an assertion, when it compiles the plan named "crashes".
let crashing = false;
process.on('message', (message) => {
  if (message.method === 'measure') crashing = message.params?.plan?.algorithm === 'crashes';
});
const send = process.send.bind(process);
process.send = (message, ...rest) => {
  const sent = send(message, ...rest);
  if (crashing && message.method === 'progress' && message.params.phase === 'compile') {
    process.stderr.write('driver: assertion failed in pass 7\n');
    process.abort();
  }
  return sent;
};
await import('./realGpuHost.mjs');
