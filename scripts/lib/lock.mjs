import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from './root.mjs';

/**
 * Runs `work` while no other command of this checkout holds the lock of that name. A lock whose owner is
 * gone is taken over.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, work) {
  const folder = join(projectRoot, '.tools');
  const file = join(folder, `${name}.lock`);
  mkdirSync(folder, { recursive: true });
  for (let waited = 0; !take(file); waited += 1) {
    if (waited === 4) process.stderr.write(`Waiting for another command of this checkout (${name}) ...\n`);
    await sleep(250);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function take(file) {
  // Written aside and linked into place, so that a lock never stands there without its owner's id.
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, String(process.pid));
  try {
    linkSync(aside, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isStale(file)) rmSync(file, { force: true });
    return false;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Nothing that is done under a lock takes longer, so an older one belongs to a reused process id. Milliseconds. */
const longestHold = 20 * 60_000;

function isStale(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > longestHold) return true;
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return false;
  } catch (error) {
    // ENOENT: released meanwhile, the next try takes it. EPERM: alive, but somebody else's.
    return error.code === 'ESRCH';
  }
}
