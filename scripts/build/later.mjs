import { dirname, resolve } from 'node:path';

const namespace = 'later';
const bundle = './later.cjs';

/**
 * Keeps what the extension imports dynamically out of the file that the editor loads when it starts: parsing the
 * whole would take longer than everything else. Those modules go into one second bundle, each still evaluated when it
 * is first asked for. What both hold is there twice, so nothing may compare classes or keep state across the two.
 */
export class LaterParts {
  /** Absolute paths, in the order in which they were met. */
  #parts = [];

  /** For the first bundle: a dynamic import becomes a look into the second. */
  get plugin() {
    return {
      name: 'later',
      setup: (build) => {
        build.onResolve({ filter: /^\./ }, ({ kind, path, importer, namespace: from }) => {
          if (from === namespace) return { path, external: true };
          if (kind !== 'dynamic-import' || !path.endsWith('.ts')) return undefined;
          const target = resolve(dirname(importer), path);
          if (!this.#parts.includes(target)) this.#parts.push(target);
          return { path: target, namespace };
        });
        build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
          contents: `module.exports = require('${bundle}').part${this.#parts.indexOf(path)}();`,
          loader: 'js',
        }));
      },
    };
  }

  /** The text of the second bundle's entry: a function for each part, so that none is evaluated before its time. */
  get entry() {
    return this.#parts
      .map((path, index) => `export const part${index} = () => require(${JSON.stringify(path)});`)
      .join('\n');
  }
}
