import { pythonParser } from '../../scripts/lib/pythonParser.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import type { Services } from '../../src/cli/services.ts';
import type { DeviceListing, GpuHost } from '../../src/host/protocol.ts';
import { sampleDocument } from './documentSamples.ts';

/**
 * Runs one command line in this process. The host, the profiler and the verifier are fakes: what is under
 * test is the command line itself; the real ones run in the GPU tests, behind the built program.
 */
export async function runFaked(
  argv: string[],
  {
    services = {},
    listings = [],
    tty = false,
    environment = {},
    signal = new AbortController().signal,
  }: {
    services?: Partial<Services>;
    listings?: DeviceListing[];
    tty?: boolean;
    environment?: Record<string, string>;
    signal?: AbortSignal;
  } = {},
) {
  let out = '';
  let error = '';
  const hosts = { made: 0, disposed: 0 };
  const fakeHost = {
    devices: async () => listings,
    dispose: () => {
      hosts.disposed += 1;
    },
  } as unknown as GpuHost;
  const code = await runCommandLine(argv, {
    services: {
      createHost: () => {
        hosts.made += 1;
        return fakeHost;
      },
      profile: async () => sampleDocument(),
      sweep: async () => {
        throw new Error('no sweep was expected');
      },
      verify: async ({ seed }) => ({
        adapter: 'Fake GPU',
        seed,
        coverage: { strength: 2, problems: 0, combinations: 563, covered: 0 },
        cases: [],
        passed: 0,
        failed: 0,
      }),
      runOnFiles: async () => {
        throw new Error('no run was expected');
      },
      countKernel: async () => {
        throw new Error('no count was expected');
      },
      pythonParser,
      version: '1.2.3',
      ...services,
    },
    terminal: {
      out: {
        isTty: tty,
        write: async (text) => {
          out += text;
        },
      },
      error: {
        isTty: tty,
        write: async (text) => {
          error += text;
        },
      },
      environment,
    },
    signal,
  });
  return { code, out, error, hosts };
}
