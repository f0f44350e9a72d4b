import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../lib/root.mjs';
import { resultsFolder, runCommand, type StageResult } from './stage.ts';

/** Runs the tests of `test/vscode` in the extension host of a real VS Code. */
export async function runExtensionTests({ timeoutMs }: { timeoutMs: number }): Promise<StageResult> {
  const files = globSync('test/vscode/**/*.test.ts', { cwd: projectRoot });
  if (files.length === 0) return { passed: 0, failed: 0, problem: 'no test files' };
  const program = join(projectRoot, 'test/vscode/runner/main.ts');
  const { code, timedOut } = await runCommand('vscode', process.execPath, [program], { timeoutMs });
  if (timedOut) return { passed: 0, failed: 1, problem: `ended after ${timeoutMs / 1000} s, its time limit` };
  try {
    const { passed, failed, skipped } = JSON.parse(readFileSync(join(resultsFolder, 'vscode.json'), 'utf8'));
    if (passed + failed > 0) return { passed, failed, skipped };
    return { passed: 0, failed: 1, problem: 'there are test files, but no test ran' };
  } catch {
    return { passed: 0, failed: 1, problem: `no results came back (exit code ${code})` };
  }
}
