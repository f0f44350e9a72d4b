import { describe, expect, test } from 'vitest';
import { pythonLaunches, withProbe } from '../../../src/editor/recorded/launchConfiguration.ts';

const where = { probe: '/ext/dist/python/probe.py', out: '/storage/my runs/run.jsonl' };
/** A variable as launch.json has it. */
const variable = (name: string) => `$\{${name}}`;
const launch = { name: 'Train', type: 'debugpy', request: 'launch' };

describe('a launch configuration', () => {
  test('keeps what it is, with the probe in front of its program', () => {
    const given = {
      ...launch,
      program: variable('file'),
      args: ['--steps', 2],
      cwd: '/w',
      env: { A: '1' },
      console: 'integratedTerminal',
    };
    expect(withProbe(given, where)).toEqual({
      ok: true,
      value: {
        ...given,
        name: 'Train (recording shapes)',
        program: where.probe,
        args: ['--out', where.out, '--', variable('file'), '--steps', '2'],
      },
    });
  });

  test('of a module, as torchrun is started', () => {
    const given = { ...launch, module: 'torch.distributed.run', args: ['--nproc-per-node', '2', 'train.py'] };
    const { module: _, ...rest } = given;
    expect(withProbe(given, where)).toEqual({
      ok: true,
      value: {
        ...rest,
        name: 'Train (recording shapes)',
        program: where.probe,
        args: ['--out', where.out, '-m', 'torch.distributed.run', '--nproc-per-node', '2', 'train.py'],
      },
    });
  });

  test('whose arguments are one text, for VS Code to fill in', () => {
    const given = { ...launch, program: 'train.py', args: `${variable('command:pickArgs')} --fast` };
    expect(withProbe(given, where)).toMatchObject({
      value: {
        args: `--out "/storage/my runs/run.jsonl" -- train.py ${variable('command:pickArgs')} --fast`,
      },
    });
  });

  test('without a program, or with arguments of no kind, is refused', () => {
    expect(withProbe(launch, where)).toMatchObject({ ok: false, error: expect.stringMatching(/program/) });
    expect(withProbe({ ...launch, program: 'a.py', args: 7 }, where)).toMatchObject({ ok: false });
  });

  test('is offered where it launches a Python program', () => {
    const good = [
      { ...launch, program: 'a.py' },
      { ...launch, type: 'python', module: 'm' },
    ];
    const bad = [
      { ...launch, request: 'attach', program: 'a.py' },
      { ...launch, type: 'node', program: 'a.js' },
      { ...launch, code: 'print()' },
      { type: 'debugpy', request: 'launch', program: 'a.py' },
      null,
      'Train',
    ];
    expect(pythonLaunches([...bad, ...good])).toEqual(good);
    for (const none of [undefined, null, {}, 'x']) expect(pythonLaunches(none)).toEqual([]);
  });
});
