import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { loadPythonParser } from '../host/pythonParser.ts';
import { createGpuHost } from '../host/supervisor.ts';
import { countKernel } from '../profiler/countKernel.ts';
import { profile } from '../profiler/profile.ts';
import { runOnFiles } from '../profiler/runFiles.ts';
import { sweep } from '../profiler/sweep/sweep.ts';
import { tool } from '../profiler/tool.ts';
import { verify } from '../profiler/verify.ts';
import { interruptible } from './interrupt.ts';
import { runCommandLine } from './program.ts';
import { textStream } from './streams.ts';

// attnprof: the headless program. The GPU process and Dawn lie beside it.
const distFolder = dirname(fileURLToPath(import.meta.url));
const terminal = {
  out: textStream(process.stdout),
  error: textStream(process.stderr),
  environment: process.env,
};

process.exitCode = await interruptible((signal, own) =>
  runCommandLine(process.argv.slice(2), {
    services: {
      createHost: () => own(createGpuHost({ distFolder })),
      profile,
      sweep,
      verify,
      runOnFiles,
      countKernel,
      pythonParser: () => loadPythonParser(distFolder),
      version: tool.version,
    },
    terminal,
    signal,
  }),
);
process.exit();
