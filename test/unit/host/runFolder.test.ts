import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  checkRunFolder,
  createRunFolder,
  readInputs,
  readTensor,
  removeRunFolder,
  writeTensor,
} from '../../../src/host/runFolder.ts';
import { copyRequest } from '../../gpu/host/copyPlan.ts';

let folder = '';
beforeEach(() => {
  folder = createRunFolder();
});
afterEach(() => removeRunFolder(folder));

test('a tensor comes back bit for bit, and is never written over', () => {
  const values = Float32Array.of(0.1, -0, 1e-40, 3e38);
  writeTensor(folder, 'q', values);
  expect(readTensor(folder, 'q')).toEqual(values);
  expect(readTensor(folder, 'k')).toBeNull();
  expect([...readFileSync(join(folder, 'q.f32')).subarray(0, 4)]).toEqual([0xcd, 0xcc, 0xcc, 0x3d]);
  expect(() => writeTensor(folder, 'q', values)).toThrow(/EEXIST/);
});

test('only folders of this program are read and written', () => {
  expect(() => checkRunFolder(folder)).not.toThrow();
  const link = join(folder, '..', 'attnprof-run-link-of-a-test');
  symlinkSync(folder, link);
  try {
    for (const other of ['/', tmpdir(), link, `${folder}-gone`, join(folder, 'attnprof-run-x'), 'relative']) {
      expect(() => checkRunFolder(other)).toThrow(/not one of this program/);
    }
    mkdirSync(join(folder, 'attnprof-run-x'));
    expect(() => checkRunFolder(join(folder, 'attnprof-run-x'))).toThrow(/not one of this program/);
    expect(() => checkRunFolder(`${folder}/../${'x'}`)).toThrow(/not one of this program/);
  } finally {
    rmSync(link);
  }
});

describe('the inputs of a plan', () => {
  const { plan } = copyRequest();
  const input = plan.buffers.find(({ role }) => role === 'input')!;

  test('are read at the length of their buffer', () => {
    const values = new Float32Array(input.bytes / 4).fill(2);
    writeTensor(folder, input.name, values);
    expect(readInputs(folder, [input.name], plan)).toEqual(new Map([[input.name, values]]));
  });

  test('of another length, missing, or a link are refused; other names are passed over', () => {
    expect(() => readInputs(folder, [input.name], plan)).toThrow(/is not a file of/);
    symlinkSync(import.meta.filename, join(folder, `${input.name}.f32`));
    expect(() => readInputs(folder, [input.name], plan)).toThrow(/is not a file of/);
    rmSync(join(folder, `${input.name}.f32`));
    writeTensor(folder, input.name, new Float32Array(1));
    expect(() => readInputs(folder, [input.name], plan)).toThrow(/is not a file of/);
    expect(readInputs(folder, ['elsewhere'], plan).size).toBe(0);
  });

  test('removing the folder removes them', () => {
    writeTensor(folder, 'q', new Float32Array(1));
    removeRunFolder(folder);
    expect(existsSync(folder)).toBe(false);
  });
});
