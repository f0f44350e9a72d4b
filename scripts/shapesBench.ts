// Times the reading of a Python file of 10,000 lines: node scripts/shapesBench.ts [FILE.py]
// Without a file, one is made of the sample files, over and over under other names. Prints medians and 95th percentiles.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PythonDocument } from '../src/shapes/python/document.ts';
import type { SyntaxEdit } from '../src/shapes/python/syntax.ts';
import { pythonParser } from './lib/pythonParser.ts';
import { projectRoot } from './lib/root.mjs';

const wantedLines = 10_000;

function madeText(): string {
  const folder = join(projectRoot, 'test/workspace/shapes');
  const samples = globSync('*.py', { cwd: folder })
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const parts: string[] = [];
  for (let lines = 0, round = 0; lines < wantedLines; round++) {
    for (const sample of samples) {
      const own = sample.replace(/^(class|def) (\w+)/gm, `$1 $2_${round}`);
      lines += own.split('\n').length;
      parts.push(own);
    }
  }
  return parts.join('\n');
}

const percentile = (times: number[], share: number) => {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(2);
};

function timed<T>(run: () => T): { value: T; took: number } {
  const start = performance.now();
  const value = run();
  return { value, took: performance.now() - start };
}

const [file] = process.argv.slice(2);
const text = file ? readFileSync(file, 'utf8') : madeText();
const lines = text.split('\n');
const parser = await pythonParser();
console.log(`${lines.length} lines, ${(text.length / 1000).toFixed(0)} kB`);

const all = timed(() => new PythonDocument(parser, text).sites());
const places = all.value;
console.log(`parse and all ${places.length} sites, cold: ${all.took.toFixed(0)} ms`);
if (places.length === 0) process.exit(0);

// What the first hover costs: parse, and the one function under the mouse.
const firsts = places
  .filter((_, index) => index % Math.ceil(places.length / 20) === 0)
  .map(({ line }) => timed(() => new PythonDocument(parser, text).sitesNear(line)).took);
console.log(
  `first hover, parse included: median ${percentile(firsts, 0.5)} ms, p95 ${percentile(firsts, 0.95)} ms`,
);

const document = new PythonDocument(parser, text);
document.sitesNear(places[0]!.line);
const fresh = places.map(({ line }) => timed(() => document.sitesNear(line)).took);
console.log(
  `hover of another function: median ${percentile(fresh, 0.5)} ms, p95 ${percentile(fresh, 0.95)} ms`,
);
const again = places.map(({ line }) => timed(() => document.sitesNear(line)).took);
console.log(`hover again: median ${percentile(again, 0.5)} ms, p95 ${percentile(again, 0.95)} ms`);

let current = text;
const parsed: number[] = [];
const edited = places
  .filter((_, index) => index % Math.ceil(places.length / 100) === 0)
  .map(({ line }) => {
    const row = line - 1;
    const start = current.split('\n').slice(0, row).join('\n').length + (row > 0 ? 1 : 0);
    const length = current.slice(start).split('\n', 1)[0]!.length;
    const at = start + length;
    const point = { row, column: length };
    const edit: SyntaxEdit = {
      startIndex: at,
      oldEndIndex: at,
      newEndIndex: at + 1,
      startPosition: point,
      oldEndPosition: point,
      newEndPosition: { row, column: length + 1 },
    };
    current = `${current.slice(0, at)} ${current.slice(at)}`;
    parsed.push(timed(() => document.update(current, [edit])).took);
    return timed(() => document.sitesNear(line)).took;
  });
console.log(`an edit is taken in: median ${percentile(parsed, 0.5)} ms, p95 ${percentile(parsed, 0.95)} ms`);
console.log(`hover behind an edit: median ${percentile(edited, 0.5)} ms, p95 ${percentile(edited, 0.95)} ms`);
