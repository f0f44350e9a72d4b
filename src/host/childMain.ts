import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { openSession } from '../gpu/openSession.ts';
import { serveGpu } from './childServer.ts';
import { chooseAdapter, listAdapters } from './chooseAdapter.ts';
import { Dawn, firstLine } from './dawn.ts';
import { HostError } from './errors.ts';
import { nodeAdvice } from './nodeRuntime.ts';
import { endWithParent } from './parentWatch.ts';

/**
 * The GPU process: plain Node, started by the supervisor with a channel and one environment of adapters.
 * Dawn lies beside the bundle. The process ends when its parent does.
 */

if (!process.send) {
  process.stderr.write('This is the GPU process of Attention Profiler; the profiler starts it by itself.\n');
  process.exit(64);
}

// A live GPU instance keeps a process going, so every end is an explicit one.
process.once('disconnect', () => process.exit(0));
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  process.exit(70);
});
endWithParent();

let loading: Promise<Dawn> | null = null;

/** Loads Dawn with the first call, so that a library that does not load is an answer with its reason. */
function dawn(): Promise<Dawn> {
  loading ??= Dawn.load(new URL('./webgpu/index.js', import.meta.url));
  return loading;
}

const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));

serveGpu(connection, {
  adapters: async () => listAdapters(await dawn()),
  open: async (choice) => {
    const { gpu, name, backend } = await chooseAdapter(await dawn(), choice);
    try {
      return await openSession(gpu, { name, backend, powerPreference: 'high-performance' });
    } catch (error) {
      throw forbidsReadback(error)
        ? new HostError(
            'no-readback',
            `The runtime ${process.execPath} cannot read GPU memory (${firstLine(error)}): ` +
              `Electron forbids it, plain Node does not. ${nodeAdvice}`,
          )
        : error;
    }
  },
});
connection.listen();

/** V8 in Electron is built without buffers outside of its heap, which is what mapped GPU memory is. */
function forbidsReadback(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/external buffers/i.test(cause.message)) return true;
  }
  return false;
}
