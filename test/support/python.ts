import { execFileSync } from 'node:child_process';

export interface TestPython {
  path: string;
  /** Which of the packages that tests ask for can be imported. */
  packages: ReadonlySet<string>;
}

const wanted = ['torch', 'jax', 'debugpy'] as const;

/**
 * The Python that tests run: `ATTNPROF_TEST_PYTHON`, else `python3` or `python` on the PATH, of at least 3.8. Null where
 * there is none. To run the tests with real tensors: `pip install torch jax debugpy` into an environment, and name
 * its interpreter in that variable.
 */
export function findTestPython(): TestPython | null {
  const named = process.env.ATTNPROF_TEST_PYTHON;
  for (const path of named ? [named] : ['python3', 'python']) {
    try {
      const code = [
        'import importlib.util, json, sys',
        `found = [name for name in ${JSON.stringify(wanted)} if importlib.util.find_spec(name)]`,
        'print(json.dumps([sys.version_info >= (3, 8), found]))',
      ].join('\n');
      const [isNewEnough, found] = JSON.parse(
        execFileSync(path, ['-c', code], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
          timeout: 30_000,
        }),
      );
      if (isNewEnough) return { path, packages: new Set(found) };
    } catch {
      // Not there, or no Python.
    }
  }
  return null;
}

/** For `test.skipIf` and the name of the test: what is missing, in a clear word, or null. */
export function missing(python: TestPython | null, ...packages: (typeof wanted)[number][]): string | null {
  if (python === null) return 'no Python 3.8 or newer';
  const absent = packages.filter((name) => !python.packages.has(name));
  return absent.length > 0 ? `no Python with ${absent.join(' and ')}` : null;
}

/** `name`, and where it cannot run why it is skipped. */
export function titled(name: string, why: string | null): string {
  return why === null ? name : `${name} (skipped: ${why})`;
}
