// Bundles what src/ holds into dist/ and puts the native files beside it.
import { cpSync, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { placeGrammarFiles } from './scripts/build/grammarFiles.ts';
import { LaterParts } from './scripts/build/later.mjs';
import { placeNativeFiles } from './scripts/build/nativeFiles.ts';
import { thirdPartyNotices } from './scripts/build/notices.ts';
import { generate } from './scripts/generate.ts';
import { projectRoot } from './scripts/lib/root.mjs';

/** CommonJS packages inside an ES module still ask for Node's own modules by `require`. */
const requireInModule =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** Dawn is native and lies beside the bundle, one platform of it. */
const dawnBeside = {
  name: 'dawn-beside',
  setup(build) {
    build.onResolve({ filter: /^(webgpu|\.\/webgpu\/index\.js)$/ }, () => ({
      path: './webgpu/index.js',
      external: true,
    }));
  },
};

const generated = {
  name: 'generated',
  setup(build) {
    build.onStart(() => generate());
  },
};

const node = { platform: 'node', target: 'node20', mainFields: ['module', 'main'] };
const nodeModule = {
  ...node,
  format: 'esm',
  banner: { js: requireInModule },
  plugins: [generated, dawnBeside],
};

const extension = { ...node, format: 'cjs', external: ['vscode'], plugins: [generated] };

/** The programs, by the file they start from. */
const entries = {
  'src/extension.ts': { ...extension, outfile: 'dist/extension.cjs' },
  'src/editor/sites/pythonReader.ts': { ...nodeModule, outfile: 'dist/pythonReader.mjs' },
  'src/host/childMain.ts': { ...nodeModule, outfile: 'dist/gpuHost.mjs' },
  'src/host/modelWorkerMain.ts': { ...nodeModule, outfile: 'dist/modelWorker.mjs' },
  'src/cli/main.ts': { ...nodeModule, outfile: 'dist/attnprof.mjs' },
  'src/panel/main.ts': { platform: 'browser', target: 'es2023', format: 'iife', outfile: 'dist/panel.js' },
};

function configurations({ minify }) {
  return Object.entries(entries)
    .filter(([entry]) => existsSync(join(projectRoot, entry)))
    .map(([entry, options]) => ({ ...common({ minify }), entryPoints: [entry], ...options }));
}

const common = ({ minify }) => ({
  absWorkingDir: projectRoot,
  bundle: true,
  metafile: true,
  minify,
  sourcemap: minify ? false : 'linked',
  legalComments: 'none',
  logLevel: 'warning',
});

/** The extension in two files: what it needs to start, and the rest. */
async function buildInParts(options) {
  const later = new LaterParts();
  const first = await esbuild.build({ ...options, plugins: [...options.plugins, later.plugin] });
  const { entryPoints: _entry, outfile: _file, ...same } = options;
  const stdin = { contents: later.entry, resolveDir: projectRoot, sourcefile: 'later.js' };
  const second = await esbuild.build({ ...same, stdin, outfile: 'dist/later.cjs' });
  return [first, second];
}

/** Scripts that the user's Python runs go along as they are, without what Python may have compiled of them. */
function placePython(dist) {
  const target = join(dist, 'python');
  rmSync(target, { recursive: true, force: true });
  const isSource = (path) => !path.endsWith('__pycache__');
  cpSync(join(projectRoot, 'src', 'python'), target, { recursive: true, filter: isSource });
}

/**
 * Builds everything once. A source that does not compile rejects, after esbuild has said on stderr where.
 *
 * @param {{ minify?: boolean }} [options]
 */
export async function build({ minify = false } = {}) {
  generate();
  const dist = join(projectRoot, 'dist');
  mkdirSync(dist, { recursive: true });
  if (minify) for (const map of globSync('*.map', { cwd: dist })) rmSync(join(dist, map));
  placePython(dist);
  placeGrammarFiles(dist);
  const [results] = await Promise.all([
    Promise.all(
      configurations({ minify }).map((options) =>
        options.entryPoints[0] === 'src/extension.ts' ? buildInParts(options) : esbuild.build(options),
      ),
    ),
    placeNativeFiles(dist),
  ]);
  const inputs = results.flat().flatMap((result) => Object.keys(result.metafile.inputs));
  writeFileSync(join(dist, 'THIRD_PARTY_NOTICES.txt'), thirdPartyNotices(inputs));
}

/** Builds now and again after every change, until the process ends. */
export async function watch() {
  await build();
  for (const options of configurations({ minify: false })) {
    const context = await esbuild.context({ ...options, logLevel: 'info' });
    await context.watch();
  }
}
