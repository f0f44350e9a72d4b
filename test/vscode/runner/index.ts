import { readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { format } from 'node:util';

/** What the tests inside the extension host came to; the only thing that crosses back to the outside. */
export interface ExtensionTestResults {
  passed: number;
  failed: number;
  /** Tests whose title says why they cannot run here. */
  skipped: number;
  /** What the reporter and the tests printed, in order. */
  lines: string[];
}

/**
 * VS Code calls this in its extension host. The bundled tests lie beside it; the file named in
 * ATTNPROF_TEST_RESULTS, written at the end, is how the outside learns that it is over.
 */
export async function run(): Promise<void> {
  const resultsFile = process.env.ATTNPROF_TEST_RESULTS;
  if (resultsFile === undefined) throw new Error('ATTNPROF_TEST_RESULTS names no file');
  const lines: string[] = [];
  // The extension host's console takes no assignments, only a new definition.
  const own = Object.getOwnPropertyDescriptor(console, 'log') as PropertyDescriptor;
  const value = (...args: unknown[]) => lines.push(...format(...args).split('\n'));
  Object.defineProperty(console, 'log', { value, configurable: true });
  const finish = (results: Omit<ExtensionTestResults, 'lines'>) => {
    Object.defineProperty(console, 'log', own);
    writeFileSync(resultsFile, JSON.stringify({ ...results, lines } satisfies ExtensionTestResults));
  };
  try {
    finish(await runMocha());
  } catch (error) {
    lines.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    finish({ passed: 0, failed: 1, skipped: 0 });
  }
}

async function runMocha(): Promise<Omit<ExtensionTestResults, 'lines'>> {
  // Mocha reads console.log when it loads, so it loads only now.
  const Mocha = createRequire(__filename)('mocha') as typeof import('mocha');
  const mocha = new Mocha({ ui: 'bdd', reporter: 'spec', color: false, timeout: 60_000, forbidOnly: true });
  const files = readdirSync(__dirname).filter((file) => file.endsWith('.test.cjs'));
  for (const file of files.sort()) mocha.addFile(join(__dirname, file));
  let skipped = 0;
  return await new Promise((resolve) => {
    const runner = mocha.run(() => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      // A skipped test has shown nothing: only one that says why is no failure.
      resolve({ passed: passes, failed: failures + pending - skipped, skipped });
    });
    runner.on('pending', ({ title }) => {
      if (title.includes('(skipped: ')) skipped++;
    });
  });
}
