import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectRoot } from '../../scripts/lib/root.mjs';
import { launchBrowser, startTestServer, Workbench } from './harness/index.ts';

/** What `npm run package` said, and where it wrote the package. */
let printed = '';
let vsix = '';

beforeAll(async () => {
  const run = promisify(execFile);
  const { stdout } = await run('npm', ['run', '-s', 'package'], { cwd: projectRoot });
  printed = stdout;
  vsix = /^(.*\.vsix): /m.exec(stdout)?.[1] ?? '';
}, 120_000);

let stop: () => Promise<void> = async () => {};
afterAll(() => stop());

describe('npm run package', () => {
  test('packs the programs, one Dawn and the licences, and no sources, tests or maps', () => {
    const files = printed.split('\n').flatMap((line) => / bytes {2}extension\/(.*)$/.exec(line)?.[1] ?? []);
    for (const wanted of [
      'package.json',
      'dist/extension.cjs',
      'dist/later.cjs',
      'dist/modelWorker.mjs',
      'dist/gpuHost.mjs',
      'dist/pythonReader.mjs',
      'dist/panel.js',
      'dist/panel.css',
      'dist/python/probe.py',
      'dist/tree-sitter-python.wasm',
      'dist/web-tree-sitter.wasm',
      'dist/python/site/sitecustomize.py',
    ]) {
      expect(files).toContain(wanted);
    }
    expect(files).toContain('dist/THIRD_PARTY_NOTICES.txt');
    expect(files.filter((file) => file.endsWith('dawn.node'))).toHaveLength(1);
    const strangers = /^(src|test|scripts|kernels|node_modules|\.)|\.map$|\.tsx?$|\.vsix$/;
    expect(files.filter((file) => strangers.test(file))).toEqual([]);
    console.log(printed.trim().split('\n').at(-1));
  });

  test('the package installs and comes to life in a VS Code that knows nothing of the checkout', async () => {
    const server = await startTestServer({ extension: { vsix } });
    stop = () => server.stop();
    const browser = await launchBrowser();
    stop = () => browser.close().then(() => server.stop());
    const workbench = await Workbench.open(browser, server);
    await workbench.openEditor({ file: 'attention.py', line: 1 });
    await workbench.statusBarItem('attention.adapter').waitFor();
    await workbench.runCommand('Attention: Open Panel');
    await workbench.webview().locator('#panel').waitFor();
  }, 120_000);
});
