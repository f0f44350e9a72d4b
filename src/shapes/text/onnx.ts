import type { AttentionSite } from '../site.ts';
import { literal, unknown } from './known.ts';
import type { LineIndex } from './lines.ts';
import { siteOf } from './site.ts';

/** The cache of a decoder exported to ONNX, as its inputs and outputs are named; the value's cache has the key's sizes. */
const cacheName = /\b(?:past_key_values|present)\.(?:\d{1,3}|\$\{\w{1,20}\}|\{\w{1,20}\})\.key\b/g;
const four = '([A-Za-z_]\\w{0,30}|\\d{1,9})';
const listed = new RegExp(
  `[\\[(] {0,4}${four}\\s{0,20},\\s{0,20}${four}\\s{0,20},\\s{0,20}${four}\\s{0,20},\\s{0,20}${four}\\s{0,20},?\\s{0,20}[\\])]`,
);
const crossed = /(?<![\w.])(\d{1,9})x(\d{1,9})x(\d{1,9})x(\d{1,9})(?![\w.])/;

/** How far behind its name the sizes of a cache may stand. */
const reach = 160;
const mostCaches = 400;

/**
 * Caches with their sizes (batch, kv heads, length, head dim): `past_key_values.0.key: [1, 8, 2048, 64]`. Layers of
 * one size are one site. A length of 0 is an empty cache and says nothing.
 */
export function onnxSites(text: string, lines: LineIndex): AttentionSite[] {
  const found = new Map<string, AttentionSite>();
  let seen = 0;
  for (const match of text.matchAll(cacheName)) {
    if (++seen > mostCaches) break;
    const end = match.index + match[0].length;
    const behind = text.slice(end, end + reach).split(/;|\.value\b|\n\s*\n/, 1)[0]!;
    const dims = firstOf(listed.exec(behind), crossed.exec(behind));
    if (!dims) continue;
    const shape = dims.slice(1).join();
    if (found.has(shape)) continue;
    const [batch, kvHeads, seqLenKv, headDim] = dims
      .slice(1)
      .map((each) =>
        /^\d/.test(each) ? (Number(each) > 0 ? literal(Number(each)) : unknown()) : unknown(each),
      );
    const stop = end + dims.index + dims[0].length;
    const sizes = {
      batch: batch!,
      kvHeads: kvHeads!,
      seqLenKv: seqLenKv!,
      headDim: headDim!,
      headDimV: headDim!,
    };
    if (kvHeads!.value === null || headDim!.value === null) continue;
    found.set(
      shape,
      siteOf({ start: match.index, end: stop, api: 'onnx.kvCache', callee: match[0], sizes }, lines),
    );
  }
  return [...found.values()];
}

function firstOf(a: RegExpExecArray | null, b: RegExpExecArray | null): RegExpExecArray | null {
  if (!a || !b) return a ?? b;
  return a.index <= b.index ? a : b;
}
