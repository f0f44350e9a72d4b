import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as api from '../../../src/attention/index.ts';

const sources = globSync('src/attention/**/*.ts').map((file) => readFileSync(file, 'utf8'));

/** Every function of the public surface with the comment before its declaration. */
const documentedFunctions = Object.entries(api)
  .filter(([, value]) => typeof value === 'function')
  .map(([name]) => {
    const declaration = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\nexport function ${name}\\b`);
    return [name, sources.map((text) => declaration.exec(text)?.[1]).find((found) => found) ?? ''] as const;
  });

describe('the public surface of the cost model', () => {
  test('has every quantity', () => {
    const names = documentedFunctions.map(([name]) => name);
    for (const name of ['costOf', 'boundTraffic', 'modelDram', 'projectTime', 'roofline', 'theory']) {
      expect(names).toContain(name);
    }
    expect(names.length).toBeGreaterThan(25);
  });

  test.each(documentedFunctions)('%s says what it gives', (_name, documentation) => {
    expect(documentation.length).toBeGreaterThan(40);
  });
});

describe('no other floor computes a cost by itself', () => {
  const files = globSync('src/{shapes,profiler,editor,panel,cli,host}/**/*.ts');

  test.each(files.map((file) => [file]))('%s', (file) => {
    const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    // Products of a length with a width, or of both lengths, are traffic, FLOPs or memory in the making.
    const products = text.match(
      /\bseqLen(Q|Kv)\b\s*\*\s*(\w+\.)*(headDim|headDimV|seqLenKv|seqLenQ)\b|\b(headDim|headDimV)\b\s*\*\s*(\w+\.)*(seqLen|heads|kvHeads|batch)/g,
    );
    expect(products ?? []).toEqual([]);
  });
});
