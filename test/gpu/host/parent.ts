// A program for the tests: opens a GPU process from the folder given, says its process id, and waits.
import { createGpuHost } from '../../../src/host/supervisor.ts';

const host = createGpuHost({ distFolder: process.argv[2]! });
host.open('embedded').catch(() => {});
const timer = setInterval(() => {
  const [pid] = host.processIds;
  if (pid === undefined) return;
  clearInterval(timer);
  // The channel stands and its first call was sent.
  setTimeout(() => process.stdout.write(`${pid}\n`), 1000);
}, 20);
setInterval(() => {}, 1000);
