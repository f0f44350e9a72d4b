import { globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../lib/root.mjs';
import { resultsFolder, runCommand, type StageResult } from './stage.ts';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTotalTests: number;
  testResults: { name: string; status: string; assertionResults: unknown[] }[];
}

/** Runs the tests of `test/NAME` and counts them. Files that fail to load count as one failure each. */
export async function runVitest(
  name: string,
  {
    timeoutMs,
    env = {},
    serial = false,
  }: { timeoutMs: number; env?: Record<string, string>; serial?: boolean },
): Promise<StageResult> {
  const files = globSync(`test/${name}/**/*.test.ts`, { cwd: projectRoot });
  if (files.length === 0) return { passed: 0, failed: 0, problem: 'no test files' };

  const reportFile = join(resultsFolder, `${name}.json`);
  rmSync(reportFile, { force: true });
  const args = [
    join(projectRoot, 'node_modules/vitest/vitest.mjs'),
    'run',
    `test/${name}/`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...(serial ? ['--no-file-parallelism'] : []),
  ];
  const { code, timedOut } = await runCommand(name, process.execPath, args, { timeoutMs, env });
  if (timedOut) return { passed: 0, failed: 1, problem: `ended after ${timeoutMs / 1000} s, its time limit` };

  const report = readReport(reportFile);
  if (report === null) return { passed: 0, failed: 1, problem: `vitest wrote no report (exit code ${code})` };
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const passed = report.numPassedTests;
  const failed = report.numFailedTests + brokenFiles;
  if (passed + failed === 0) return { passed, failed: 1, problem: 'there are test files, but no test ran' };
  // Errors outside any test, such as a rejection that nobody handled, fail the run too.
  if (failed === 0 && code !== 0)
    return { passed, failed: 1, problem: `exit code ${code}, though every test passed` };
  return { passed, failed, skipped: report.numPendingTests };
}

function readReport(file: string): Report | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
