import { SetupError } from '../lib/setupError.mjs';
import type { Stage, StageResult } from '../test/stage.ts';
import { stages } from '../test/stages.ts';

/**
 * `npm test [-- STAGE ...]`: runs the stages one after another, whatever became of those before, and ends
 * with one line: `N passed, N failed`.
 */
export async function main(args: string[]): Promise<number> {
  const unknown = args.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    const names = stages.map((stage) => stage.name).join(', ');
    throw new SetupError(`There is no test stage "${unknown.join('", "')}". Known are: ${names}.`);
  }
  const lines: string[] = [];
  let passed = 0;
  let failed = 0;
  for (const stage of args.length === 0 ? stages : stages.filter(({ name }) => args.includes(name))) {
    process.stdout.write(`\n=== ${stage.name} ===\n`);
    const started = performance.now();
    const result = await runStage(stage);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    passed += result.passed;
    failed += result.failed;
    const skipped = result.skipped ? `, ${result.skipped} skipped` : '';
    const problem = result.problem === undefined ? '' : ` (${result.problem})`;
    lines.push(
      `${stage.name.padEnd(8)} ${seconds.padStart(6)} s  ${result.passed} ok, ${result.failed} not ok${skipped}${problem}`,
    );
  }
  process.stdout.write(`\n${lines.join('\n')}\n\n${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

async function runStage(stage: Stage): Promise<StageResult> {
  try {
    return await stage.run();
  } catch (error) {
    return { passed: 0, failed: 1, problem: error instanceof Error ? error.message : String(error) };
  }
}
