import { createReadStream, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-stream';

/**
 * Unpacks files of a brotli-compressed tar archive into a folder, by way of a sibling folder that is renamed
 * at the end: a folder that exists is complete.
 *
 * @param keep path inside the archive → path below the folder, or null to leave the file out
 */
export async function unpackTarBrotli(
  archive: string,
  folder: string,
  keep: (path: string) => string | null,
): Promise<void> {
  const aside = `${folder}.${process.pid}`;
  rmSync(aside, { recursive: true, force: true });
  const files = extract();
  const writing = (async () => {
    for await (const entry of files) {
      const path = entry.header.type === 'file' ? keep(entry.header.name) : null;
      if (path === null) {
        entry.resume();
        continue;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      const target = join(aside, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, Buffer.concat(chunks), { mode: 0o755 });
    }
  })();
  await Promise.all([pipeline(createReadStream(archive), createBrotliDecompress(), files), writing]);
  rmSync(folder, { recursive: true, force: true });
  renameSync(aside, folder);
}
