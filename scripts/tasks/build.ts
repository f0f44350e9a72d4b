import { build, watch } from '../../esbuild.mjs';
import { withLock } from '../lib/lock.mjs';

/** `npm run build [-- --watch | --minify]` */
export async function main(args: string[]): Promise<number> {
  if (args.includes('--watch')) {
    await watch();
    return 0;
  }
  const started = performance.now();
  await withLock('build', () => build({ minify: args.includes('--minify') }));
  process.stderr.write(`Built in ${Math.round(performance.now() - started)} ms\n`);
  return 0;
}
