import { Worker } from 'node:worker_threads';

const pollMs = 500;

/**
 * Ends this process when its parent is gone, even while the main thread is stuck in a driver: a thread of
 * its own looks whether the parent still lives. (The closed channel is only seen by a free event loop.)
 */
export function endWithParent(): void {
  const source = `
    const parent = ${process.ppid};
    setInterval(() => {
      let alive = process.ppid === parent;
      if (alive) {
        try { process.kill(parent, 0); } catch (error) { alive = error.code === 'EPERM'; }
      }
      if (!alive) process.kill(process.pid, 'SIGKILL');
    }, ${pollMs});
  `;
  const worker = new Worker(source, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } });
  worker.unref();
  // Without the thread the channel is still watched: not worth ending the process for.
  worker.on('error', (error) => process.stderr.write(`parent watch stopped: ${error.message}\n`));
}
