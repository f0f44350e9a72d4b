import { algorithmPass, findAlgorithm } from '../../src/attention/catalogue.ts';
import { modelDram } from '../../src/attention/dram/modelDram.ts';
import { openSession } from '../../src/gpu/openSession.ts';
import type { GpuSession } from '../../src/gpu/session.ts';
import { Dawn } from '../../src/host/dawn.ts';
import type { GpuHost } from '../../src/host/protocol.ts';

/**
 * The GPU floor without the process boundary, on whatever adapter this process sees first: for tests of
 * kernels and counts, which need the real device but no supervision.
 */
export async function openInProcessHost(): Promise<GpuHost & { session: GpuSession; dawn: Dawn }> {
  const dawn = await Dawn.load(new URL('../../node_modules/webgpu/index.js', import.meta.url));
  const session = await openSession(dawn.instance(null));
  return {
    session,
    // Referenced for as long as the host: Dawn crashes when its instance is collected.
    dawn,
    open: async () => session.description,
    measure: (_adapter, request, options) => session.measure(request, options),
    devices: async () => [],
    modelDram: async ({ algorithm, pass, problem, tiling, cache }) =>
      modelDram(algorithmPass(findAlgorithm(algorithm)!, pass), problem, tiling, cache),
    dispose: () => session.dispose(),
  };
}
