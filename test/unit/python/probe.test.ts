import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatShape } from '../../../src/attention/shape.ts';
import { liveShapeOf } from '../../../src/shapes/recorded/liveShape.ts';
import { findTestPython, missing, titled } from '../../support/python.ts';
import { finished, ProbeRun } from './runProbe.ts';

const python = findTestPython();
const why = missing(python);

/** Lines that every program here starts with; line numbers below count from them. */
const imports = 'from tensors import Tensor\nfrom flash_attn import flash_attn_func\n';

describe.skipIf(why)(titled('the probe', why), () => {
  let run: ProbeRun;
  beforeEach(() => {
    run = new ProbeRun(python!.path);
    mkdirSync(join(run.out, '..'));
  });
  afterEach(() => run.remove());

  const runProgram = (text: string, args: string[] = []) =>
    run.run(['--', run.write('program.py', text), ...args]);

  test('records shapes, flags, the line and how often, and no values', async () => {
    const { code, stderr } = await runProgram(`${imports}
q, kv = Tensor(2, 7, 8, 64), Tensor(2, 19, 2, 64)
for step in range(3):
    flash_attn_func(q, kv, kv, 0.1, None, True, window_size=(128, 0))
flash_attn_func(
    q=q,
    k=kv, v=kv)
import xformers.ops as xops
xops.memory_efficient_attention(q, q, q, attn_bias=xops.LowerTriangularMask())
assert Tensor.touched == [], Tensor.touched
`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const recording = run.recording();
    expect(recording).toMatchObject({ state: 'ended', dropped: 0, unread: 0, skipped: 0 });
    expect(recording.frameworks).toMatchObject({ flash_attn: '2.8.3', xformers: '0.0.33' });
    const tensors = {
      q: { shape: [2, 7, 8, 64], dtype: 'float16', device: 'cuda:0' },
      k: { shape: [2, 19, 2, 64] },
    };
    const file = join(run.folder, 'program.py');
    expect(recording.calls).toMatchObject([
      {
        file,
        line: 6,
        api: 'flash_attn.func',
        count: 3,
        tensors,
        flags: { causal: true, dropout_p: 0.1, window_size: [128, 0] },
      },
      { file, line: 7, count: 1, tensors, flags: {} },
      {
        file,
        line: 11,
        api: 'xformers.memory_efficient_attention',
        flags: { attn_bias: { type: 'LowerTriangularMask' } },
      },
    ]);
    expect(
      recording.calls.map((call) => {
        const shape = liveShapeOf(call);
        return shape.ok ? formatShape(shape.value.problem) : shape.error;
      }),
    ).toEqual([
      'b=2 h=8 kv=2 n=7 m=19 d=64',
      'b=2 h=8 kv=2 n=7 m=19 d=64',
      'b=2 h=8 n=7 d=64'.replace('b=2 h=8 n=7 d=64', '2,8,7,64'),
    ]);
  });

  test('names the line of the program, and that of the library that it went through', async () => {
    await runProgram(
      `${imports}import modeling\n\ndef forward(x):\n    return modeling.layer(x)\n\nforward(Tensor(1, 4, 2, 8))\n`,
    );
    expect(run.recording().calls).toMatchObject([
      {
        file: join(run.folder, 'program.py'),
        line: 6,
        via: { file: expect.stringMatching(/modeling.__init__\.py$/), line: 7 },
      },
    ]);
  });

  test('is not to be seen by the program: arguments, names, paths, exit code', async () => {
    const text = `import sys, json, os
print(json.dumps([sys.argv, __name__, __file__, sys.path[0], sys.modules["__main__"].__dict__ is globals()]))
sys.exit(7)
`;
    const file = run.write('program.py', text);
    const { code, stdout } = await run.run(['--', 'program.py', '--out', 'x', '-m']);
    expect(JSON.parse(stdout)).toEqual([
      ['program.py', '--out', 'x', '-m'],
      '__main__',
      file,
      run.folder,
      true,
    ]);
    expect(code).toBe(7);
    expect(run.recording()).toMatchObject({ state: 'ended', program: 'program.py', calls: [] });
  });

  test('runs a module, with the current folder on its path', async () => {
    run.write('beside.py', 'word = "beside"');
    run.write('program.py', `import sys, beside\nprint(beside.word, sys.argv[1:], __name__)\n`);
    const { stdout } = await run.run(['-m', 'program', 'one']);
    expect(stdout.trim()).toBe("beside ['one'] __main__");
    expect(run.recording().program).toBe('-m program');
  });

  test('of a program that fails keeps the calls, and shows its traceback alone', async () => {
    const { code, stderr } = await runProgram(
      `${imports}flash_attn_func(Tensor(1, 4, 2, 8), Tensor(1, 4, 2, 8), Tensor(1, 4, 2, 8))\nraise ValueError("the end")\n`,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/line 4, in <module>[\s\S]*ValueError: the end/);
    expect(stderr).not.toMatch(/probe\.py/);
    expect(run.recording()).toMatchObject({ state: 'failed', calls: [{ line: 3 }] });
  });

  test('of a program that cannot be compiled or is not there says so', async () => {
    expect((await runProgram('def broken(:\n')).stderr).toMatch(/SyntaxError/);
    expect(await run.run(['--', 'nowhere.py'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no file nowhere\.py/),
    });
    expect(await run.run([])).toMatchObject({ code: 2, stderr: expect.stringMatching(/usage/) });
  });

  const endless = `${imports}
import time
x = Tensor(1, 4, 2, 8)
count = 0
print("ready", flush=True)
while True:
    flash_attn_func(x, x, x)
    time.sleep(0.001)
`;

  test('of a program that is interrupted writes everything', async () => {
    const child = run.start(['--', run.write('program.py', endless)]);
    const end = finished(child);
    await once(child.stdout!, 'data');
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 130, stderr: expect.stringMatching(/KeyboardInterrupt/) });
    const { state, calls } = run.recording();
    expect(state).toBe('interrupted');
    expect(calls[0]!.count).toBeGreaterThan(10);
  });

  test('of a program that is killed leaves a whole file of the last second', async () => {
    const child = run.start(['--', run.write('program.py', endless)]);
    const end = finished(child);
    await once(child.stdout!, 'data');
    await new Promise((resolve) => setTimeout(resolve, 1300));
    child.kill('SIGKILL');
    await end;
    const { state, calls, skipped } = run.recording();
    expect({ state, skipped }).toEqual({ state: 'running', skipped: 0 });
    expect(calls[0]!.count).toBeGreaterThan(10);
  });

  test('keeps its memory and its file bounded, and counts what it leaves out', async () => {
    const functions = Array.from(
      { length: 12 },
      (_, i) => `def f${i}(x):\n    flash_attn_func(x, x, x)\n`,
    ).join('');
    const { code } = await runProgram(
      `${imports}${functions}
for f in [${Array.from({ length: 12 }, (_, i) => `f${i}`)}]:
    for tokens in range(1, 1001):
        f(Tensor(1, tokens, 2, 8))
`,
    );
    expect(code).toBe(0);
    const { calls, dropped } = run.recording();
    expect(calls).toHaveLength(4000);
    expect(calls.filter(({ line }) => line === 4)).toHaveLength(400);
    expect(dropped).toBe(12_000 - 4000);
    expect(statSync(run.out).size).toBeLessThan(4e6);
  });

  test('of child processes writes a file each, forked or started anew, and leaves their own start-up alone', async () => {
    run.write('sitecustomize.py', 'import builtins\nbuiltins.own_start = True\n');
    run.write(
      'child.py',
      `${imports}assert own_start\nflash_attn_func(Tensor(1, 9, 2, 8), Tensor(1, 9, 2, 8), Tensor(1, 9, 2, 8))\n`,
    );
    const { code, stderr } = await run.run([
      '--',
      run.write(
        'program.py',
        `${imports}import multiprocessing, os, subprocess, sys

def work(tokens):
    x = Tensor(1, tokens, 2, 8)
    flash_attn_func(x, x, x)

if __name__ == "__main__":
    work(5)
    os.environ["PYTHONPATH"] += os.pathsep + os.getcwd()
    for method in ("spawn", "fork"):
        if method not in multiprocessing.get_all_start_methods():
            continue
        process = multiprocessing.get_context(method).Process(target=work, args=(6 if method == "spawn" else 7,))
        process.start()
        process.join()
        assert process.exitcode == 0
    subprocess.run([sys.executable, "child.py"], check=True)
    subprocess.run([sys.executable, "-c", "pass"], check=True)
`,
      ),
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lengths = (calls: readonly { tensors: Record<string, { shape: readonly number[] }> }[]) =>
      calls.map(({ tensors }) => tensors.q?.shape[1]);
    expect(lengths(run.recording().calls)).toEqual([5]);
    const forks = process.platform === 'win32' ? [] : [7];
    const children = run.children();
    expect(children.flatMap(({ calls }) => lengths(calls)).sort()).toEqual([6, ...forks, 9]);
    expect(children.map(({ state }) => state)).toEqual(children.map(() => 'ended'));
  });

  test('counts calls of many threads', async () => {
    await runProgram(`${imports}
from threading import Thread
x = Tensor(1, 4, 2, 8)
def work():
    for _ in range(2000):
        flash_attn_func(x, x, x)
threads = [Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
`);
    expect(run.recording().calls).toMatchObject([{ count: 16_000 }]);
  });

  test('never ends a program that it cannot watch', async () => {
    const text = `${imports}
class Odd:
    @property
    def shape(self): raise RuntimeError("no")
flash_attn_func(Odd(), 1, "x")
flash_attn_func(Tensor(1, "symbol", 2, 8), 1, 2)
print("through")
`;
    expect(await runProgram(text)).toMatchObject({ code: 0, stdout: 'through\n', stderr: '' });
    expect(run.recording()).toMatchObject({ unread: 2, calls: [] });
    const nowhere = join(run.folder, 'not', 'there', 'run.jsonl');
    expect(await run.run(['--', 'program.py'], { out: nowhere })).toMatchObject({
      code: 0,
      stdout: 'through\n',
    });
  });

  test('leaves nothing behind but its files', async () => {
    await runProgram(imports);
    expect(readdirSync(join(run.out, '..'))).toEqual(['run.jsonl']);
  });
});

test.skipIf(why)(titled('every file of src/python is Python 3.8', why), async () => {
  const check = 'import ast, sys; [ast.parse(open(f).read(), feature_version=(3, 8)) for f in sys.argv[1:]]';
  const { execFileSync } = await import('node:child_process');
  const folder = join(import.meta.dirname, '../../../src/python');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.py'),
  );
  expect(files.length).toBeGreaterThan(1);
  execFileSync(python!.path, ['-c', check, ...files.map((name) => join(folder, name))]);
  for (const file of files) expect(readFileSync(join(folder, file), 'utf8')).toMatch(/^"""/);
});
