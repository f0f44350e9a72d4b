import { join } from 'node:path';
import { buildIfStale } from '../build/upToDate.ts';
import { generate } from '../generate.ts';
import { swiftshaderFolder } from '../lib/swiftshader.ts';
import { runCheck, type Stage } from './stage.ts';
import { runVitest } from './vitestStage.ts';
import { runExtensionTests } from './vscodeStage.ts';

const biome = 'node_modules/@biomejs/biome/bin/biome';
const tsc = 'node_modules/typescript/bin/tsc';

/** Every stage of `npm test`, in order: what is quick and tells most comes first. */
export const stages: Stage[] = [
  { name: 'format', run: () => runCheck('format', [biome, 'format', '.']) },
  { name: 'lint', run: () => runCheck('lint', [biome, 'lint', '--error-on-warnings', '.']) },
  {
    name: 'types',
    run: () => {
      generate();
      return runCheck('types', [tsc, '-p', '.']);
    },
  },
  { name: 'unit', run: () => runVitest('unit', { timeoutMs: 120_000 }) },
  {
    name: 'gpu',
    run: async () => runVitest('gpu', { timeoutMs: 720_000, env: await embeddedAdapter(), serial: true }),
  },
  { name: 'vscode', run: () => runExtensionTests({ timeoutMs: 240_000 }) },
  {
    name: 'e2e',
    run: async () => {
      await buildIfStale();
      return await runVitest('e2e', { timeoutMs: 420_000, serial: true });
    },
  },
];

/** The environment in which Dawn finds the embedded adapter; empty on platforms that bring their own. */
async function embeddedAdapter(): Promise<Record<string, string>> {
  const folder = await swiftshaderFolder();
  if (folder === null) return {};
  return { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json') };
}
