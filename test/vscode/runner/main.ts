import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildIfStale } from '../../../scripts/build/upToDate.ts';
import { projectRoot } from '../../../scripts/lib/root.mjs';
import { developmentQuery, launchBrowser, startTestServer } from '../../e2e/harness/index.ts';
import { bundleExtensionTests } from './bundle.ts';
import type { ExtensionTestResults } from './index.ts';

const resultsFile = join(projectRoot, 'test-results', 'vscode.json');

/** Runs the extension tests in a real VS Code; prints what they printed. */
async function main(): Promise<number> {
  rmSync(resultsFile, { force: true });
  await buildIfStale();
  const testsPath = await bundleExtensionTests();
  const env = { ATTNPROF_TEST_RESULTS: resultsFile };
  const server = await startTestServer({ extension: 'development', env });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto(server.url(developmentQuery(server, testsPath)));
    if (!(await resultsCome())) {
      await page.screenshot({ path: join(projectRoot, 'test-results', 'vscode-timeout.png') });
      console.error(`The tests never ended. The last words of the editor:\n${said.slice(-30).join('\n')}`);
      return 1;
    }
  } finally {
    await browser.close();
    await server.stop();
  }
  const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as ExtensionTestResults;
  console.log(results.lines.join('\n'));
  return results.failed === 0 ? 0 : 1;
}

/** The stage that runs this program has the last word on time; this only saves a picture before it speaks. */
async function resultsCome(): Promise<boolean> {
  const deadline = Date.now() + 200_000;
  while (Date.now() < deadline) {
    // Written in one go, but a reader may come in between.
    if (existsSync(resultsFile) && readFileSync(resultsFile, 'utf8').endsWith('}')) return true;
    await sleep(100);
  }
  return false;
}

process.exitCode = await main();
