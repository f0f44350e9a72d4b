import { randomInt } from 'node:crypto';
import type { VerifyReport } from '../profiler/verify.ts';
import { maxSeed, readAdapter, readAlgorithms, readWhole } from './options.ts';
import { showProgress } from './progress.ts';
import type { CommandContext } from './services.ts';
import { styleFor } from './style.ts';
import { verifyText } from './verifyText.ts';

const maxVerifySeed = 2 ** 31;

export interface VerifyFlags {
  algorithms: string;
  adapter: string;
  cases?: string;
  strength: string;
  seed?: string;
  json?: boolean;
}

/** Verifies and prints. Throws where a case failed. */
export async function runVerify(
  flags: VerifyFlags,
  { services, terminal, signal }: CommandContext,
): Promise<void> {
  const request = {
    algorithms: readAlgorithms(flags.algorithms).map(({ id }) => id),
    adapter: readAdapter(flags.adapter),
    cases: flags.cases === undefined ? null : readWhole('--cases', flags.cases, 1, 100_000),
    strength: readWhole('--strength', flags.strength, 2, 3) as 2 | 3,
    // Fresh inputs each time; the report names the seed, so that a failure can be had again.
    seed: flags.seed === undefined ? randomInt(maxVerifySeed) : readWhole('--seed', flags.seed, 0, maxSeed),
  };
  const progress = showProgress(terminal);
  const host = services.createHost();
  let report: VerifyReport;
  try {
    report = await services.verify(request, host, { signal, onProgress: progress.show });
  } finally {
    host.dispose();
    await progress.end();
  }
  signal.throwIfAborted();
  await terminal.out.write(
    flags.json ? `${JSON.stringify(report, null, 2)}\n` : verifyText(report, styleFor(terminal)),
  );
  if (report.failed > 0) {
    throw new Error(`${report.failed} of ${report.failed + report.passed} cases failed on ${report.adapter}`);
  }
}
