import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseTensors, tensorsExpression } from '../../../src/editor/live/tensorsExpression.ts';
import { DapClient } from '../../support/dap.ts';
import { findTestPython, missing, titled } from '../../support/python.ts';

const python = findTestPython();
const why = missing(python, 'torch', 'debugpy');

/** Builtins with other meanings, values that must not be looked at, names that are not ASCII. */
const program = `import torch
import numpy as np

list = any = str = type = int = "taken by the program"
outer = torch.zeros(3, 4)


class Trap:
    touched = []

    def __getattr__(self, name):
        Trap.touched.append(name)
        raise RuntimeError("code of the program ran")


class Own(torch.Tensor):
    pass


def attention(q, k, mask, größe, trap, module, half):
    outer_too = np.ones((2, 3), dtype=np.float16)
    meta = torch.empty(1, 64, 65536, 64, device="meta")
    return q @ k.transpose(-2, -1)


attention(torch.randn(2, 12, 64, 32), torch.randn(2, 12, 80, 32), None, torch.ones(5, dtype=torch.int64), Trap(),
          torch.nn.Linear(4, 4), torch.zeros(7, dtype=torch.bfloat16).as_subclass(Own))
assert Trap.touched == [], Trap.touched
`;

describe.skipIf(why)(titled('a paused session of debugpy', why), () => {
  let folder: string;
  let client: DapClient;
  let threadId: number;
  let namesBefore: string;
  let frames: { id: number; name: string; line: number }[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'attnprof-debugpy-'));
    const file = join(folder, 'program.py');
    writeFileSync(file, program);
    client = new DapClient(python!.path, ['-m', 'debugpy.adapter'], { PYTHONWARNINGS: 'ignore' });
    await client.request('initialize', { adapterID: 'debugpy', linesStartAt1: true, pathFormat: 'path' });
    const launched = client.request('launch', { program: file, console: 'internalConsole', cwd: folder });
    await client.event('initialized');
    await client.request('setBreakpoints', { source: { path: file }, breakpoints: [{ line: 23 }] });
    await client.request('configurationDone');
    await launched;
    threadId = (await client.event('stopped')).body.threadId;
    frames = (await client.request('stackTrace', { threadId })).body.stackFrames;
    namesBefore = await names();
  }, 60_000);

  afterAll(async () => {
    await client?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Not by the debugger's own variables request, which does run code of the program. */
  const names = async (): Promise<string> => {
    const expression = "','.join(sorted(locals()))";
    const { body } = await client.request('evaluate', {
      expression,
      frameId: frames[0]!.id,
      context: 'clipboard',
    });
    return body.result;
  };

  const ask = async (frameId: number, context: string) => {
    const started = performance.now();
    const { success, message, body } = await client.request('evaluate', {
      expression: tensorsExpression,
      frameId,
      context,
    });
    expect(success, message).toBe(true);
    return { tensors: parseTensors(body.result), ms: performance.now() - started };
  };

  test('one evaluate gives shape, dtype and device of every tensor of the frame', async () => {
    for (const context of ['clipboard', 'watch', 'hover']) {
      const { tensors } = await ask(frames[0]!.id, context);
      expect(Object.fromEntries(tensors!)).toEqual({
        q: { shape: [2, 12, 64, 32], dtype: 'float32', device: 'cpu' },
        k: { shape: [2, 12, 80, 32], dtype: 'float32', device: 'cpu' },
        größe: { shape: [5], dtype: 'int64', device: 'cpu' },
        half: { shape: [7], dtype: 'bfloat16', device: 'cpu' },
        outer_too: { shape: [2, 3], dtype: 'float16', device: 'cpu' },
        meta: { shape: [1, 64, 65536, 64], dtype: 'float32', device: 'meta' },
        outer: { shape: [3, 4], dtype: 'float32', device: 'cpu' },
      });
    }
  });

  test('and of the frame of the module below it', async () => {
    const { tensors } = await ask(frames[1]!.id, 'clipboard');
    expect([...tensors!.keys()]).toEqual(['outer']);
  });

  test('it takes a small part of its time limit', async () => {
    const times: number[] = [];
    for (let round = 0; round < 15; round++) times.push((await ask(frames[0]!.id, 'clipboard')).ms);
    const median = times.sort((a, b) => a - b)[7]!;
    console.log(`one evaluate of all tensors of a frame: ${median.toFixed(1)} ms (median of 15)`);
    expect(median).toBeLessThan(1000);
  });

  test('it leaves the frame as it was, and no code of the program runs for it', async () => {
    expect(await names()).toBe(namesBefore);
    await client.request('continue', { threadId });
    expect((await client.event('exited')).body.exitCode).toBe(0);
  });
});

describe('an answer', () => {
  test('is read with and without the quotes of Python', () => {
    const q = { shape: [2, 3], dtype: 'float32', device: 'cuda:0' };
    for (const answer of [
      `'[["q", [2, 3], "torch.float32", "cuda:0"]]'`,
      `[["q", [2, 3], "float32", "cuda:0"]]`,
      `"[[\\"q\\", [2, 3], \\"mlx.core.float32\\", \\"cuda:0\\"]]"`,
    ]) {
      expect(parseTensors(answer)?.get('q'), answer).toEqual(q);
    }
    expect(parseTensors(`'[["t", [], "<dtype: \\'int8\\'>", ""]]'`)?.get('t')).toEqual({
      shape: [],
      dtype: 'int8',
      device: null,
    });
    expect(parseTensors(`'[["gr\\\\u00f6", [1], "float32", "cpu"]]'`)?.has('grö')).toBe(true);
  });

  test('of a symbolic size leaves that tensor out', () => {
    expect([...parseTensors('[["q", [2, -1], "float32", ""], ["k", [2], "float32", ""]]')!.keys()]).toEqual([
      'k',
    ]);
  });

  test('that is not ours is none', () => {
    for (const answer of [
      '',
      "''",
      'NameError',
      '{}',
      '[1]',
      '[["q"]]',
      'x'.repeat(1e6),
      null,
      5,
      "'[[",
      `'${'['.repeat(9000)}'`,
    ]) {
      expect(parseTensors(answer)).toBeNull();
    }
    expect(parseTensors(JSON.stringify(Array(65).fill(['q', [1], 'a', ''])))).toBeNull();
  });
});
