import { describe, expect, it } from 'vitest';
import { exitInWords, HostError, progressInWords } from '../../../src/host/errors.ts';
import { causeOfExit } from '../../../src/host/exits.ts';
import { lastWords } from '../../../src/host/failures.ts';
import { OutputTail } from '../../../src/host/outputTail.ts';
import { planKey, Quarantine } from '../../../src/host/quarantine.ts';
import { SerialQueue } from '../../../src/host/serialQueue.ts';
import { type Clock, Watchdog } from '../../../src/host/watchdog.ts';
import { copyRequest } from '../../gpu/host/copyPlan.ts';

/** A clock that moves only when told, and calls back at each step. */
class HandClock implements Clock {
  #now = 0;
  #callbacks = new Set<() => void>();
  now(): number {
    return this.#now;
  }
  every(_ms: number, callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }
  get listeners(): number {
    return this.#callbacks.size;
  }
  step(ms: number, times = 1): void {
    for (let step = 0; step < times; step++) {
      this.#now += ms;
      for (const callback of [...this.#callbacks]) callback();
    }
  }
}

describe('the watchdog', () => {
  it('reports silence longer than the patience, once', () => {
    const clock = new HandClock();
    const stalls: number[] = [];
    const watchdog = new Watchdog(1000, (silentMs) => stalls.push(silentMs), clock);
    clock.step(250, 4);
    expect(stalls).toEqual([]);
    clock.step(250, 10);
    expect(stalls).toEqual([1250]);
    expect(clock.listeners).toBe(0);
    watchdog.dispose();
  });

  it('starts anew, with the new patience, at each sign of life', () => {
    const clock = new HandClock();
    const stalls: number[] = [];
    const watchdog = new Watchdog(1000, (silentMs) => stalls.push(silentMs), clock);
    clock.step(250, 3);
    watchdog.heard(5000);
    clock.step(250, 20);
    expect(stalls).toEqual([]);
    clock.step(250);
    expect(stalls).toEqual([5250]);
  });

  it('does not take an hour of sleep for a hang', () => {
    const clock = new HandClock();
    const stalls: number[] = [];
    const watchdog = new Watchdog(1000, (silentMs) => stalls.push(silentMs), clock);
    clock.step(3_600_000);
    expect(stalls).toEqual([]);
    watchdog.dispose();
    clock.step(250, 100);
    expect(stalls).toEqual([]);
  });
});

describe('the cause of an exit', () => {
  it.each([
    ['SIGSEGV', 'crash'],
    ['SIGABRT', 'crash'],
    ['SIGBUS', 'crash'],
    ['SIGKILL', 'killed'],
    ['SIGTERM', 'killed'],
  ])('%s is a %s', (signal, cause) => {
    expect(causeOfExit({ code: null, signal }, 'linux')).toBe(cause);
  });

  it('reads the codes of Windows', () => {
    expect(causeOfExit({ code: 1, signal: null }, 'win32')).toBe('killed');
    expect(causeOfExit({ code: 1, signal: null }, 'linux')).toBe('crash');
    expect(causeOfExit({ code: 0xc0000005, signal: null }, 'win32')).toBe('crash');
    expect(exitInWords({ code: 0xc0000005, signal: null })).toBe('exit code 0xC0000005');
    expect(exitInWords({ code: 70, signal: null })).toBe('exit code 70');
    expect(exitInWords({ code: null, signal: 'SIGSEGV' })).toBe('signal SIGSEGV');
  });
});

describe('the quarantine', () => {
  it('takes a plan that hung or crashed at once', () => {
    const quarantine = new Quarantine();
    expect(quarantine.add('a', 'hang', 'it hung')).toBe(true);
    expect(quarantine.reasonFor('a')).toBe('it hung');
    expect(quarantine.reasonFor('b')).toBeNull();
    quarantine.clear();
    expect(quarantine.reasonFor('a')).toBeNull();
  });

  it('takes a plan whose process was killed only the second time, and not if it ran in between', () => {
    const quarantine = new Quarantine();
    expect(quarantine.add('a', 'killed', 'once')).toBe(false);
    expect(quarantine.reasonFor('a')).toBeNull();
    quarantine.clearSuspicion('a');
    expect(quarantine.add('a', 'killed', 'once more')).toBe(false);
    expect(quarantine.add('a', 'lost', 'twice in a row')).toBe(true);
    expect(quarantine.reasonFor('a')).toBe('twice in a row');
  });

  it('knows a plan by kernels, problem, tiling and adapter, not by its steps or seed', () => {
    const request = copyRequest();
    const key = planKey(request, 'adapter');
    const { plan, modules } = request;
    const other = { ...plan, problem: { ...plan.problem, seed: plan.problem.seed + 1 } };
    expect(planKey({ ...request, plan: other, budgetMs: 5 }, 'adapter')).toBe(key);
    const different = [
      planKey(request, 'another adapter'),
      planKey({ ...request, plan: { ...plan, tiling: { ...plan.tiling, bc: 99 } } }, 'adapter'),
      planKey({ ...request, plan: { ...plan, problem: { ...plan.problem, seqLenKv: 99 } } }, 'adapter'),
      planKey({ ...request, plan: { ...plan, algorithm: 'other' } }, 'adapter'),
      planKey({ ...request, modules: modules.map((one) => ({ ...one, hash: 'f'.repeat(64) })) }, 'adapter'),
    ];
    expect(new Set([key, ...different]).size).toBe(different.length + 1);
  });
});

describe('the queue', () => {
  it('runs one task at a time, in order, also after one that failed', async () => {
    const queue = new SerialQueue();
    const events: string[] = [];
    const task = (name: string, fails: boolean) => async () => {
      events.push(`${name} starts`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
    const results = await Promise.allSettled([queue.run(task('a', true)), queue.run(task('b', false))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(events).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
    expect(queue.idle).toBe(true);
  });

  it('never starts a task that was cancelled or shut down while it waited', async () => {
    const queue = new SerialQueue();
    let release = (): void => {};
    const first = queue.run(() => new Promise<void>((resolve) => (release = resolve)));
    const aborter = new AbortController();
    const started: string[] = [];
    const second = queue.run(async () => started.push('second'), aborter.signal);
    const third = queue.run(async () => started.push('third'));
    aborter.abort();
    await expect(second).rejects.toMatchObject({ kind: 'cancelled', name: 'AbortError' });
    queue.refuseWaiting(new HostError('disposed', 'over'));
    await expect(third).rejects.toMatchObject({ kind: 'disposed' });
    expect(queue.idle).toBe(false);
    release();
    await first;
    expect(started).toEqual([]);
    expect(queue.idle).toBe(true);
  });
});

describe('the output of a process', () => {
  it('is passed on by lines and kept in part, whatever is written', () => {
    const lines: string[] = [];
    const tail = new OutputTail((line) => lines.push(line));
    tail.write('one\ntw');
    tail.write('o\r\n\n');
    tail.write('x'.repeat(1_000_000));
    tail.end();
    expect(lines.slice(0, 2)).toEqual(['one', 'two']);
    expect(lines[2]).toHaveLength(1000);
    for (let line = 0; line < 10_000; line++) tail.write(`line ${line}\n`);
    expect(tail.text.split('\n')).toHaveLength(40);
    expect(tail.text.endsWith('line 9999')).toBe(true);
  });
});

it('says what was being done', () => {
  const progress = { phase: 'compile', stage: 'scores', fraction: 0.1, patienceMs: 1 } as const;
  expect(progressInWords(progress)).toBe(' while compiling, stage "scores"');
  expect(progressInWords({ ...progress, stage: null })).toBe(' while compiling');
  expect(progressInWords(null)).toBe('');
});

describe('the last words of a process', () => {
  it.each([
    ['nothing', '', null],
    ['its last line', 'one\ndriver: assertion failed in pass 7', 'driver: assertion failed in pass 7'],
    [
      'the error that was thrown, not its stack and Node’s signature',
      'node:internal/modules/cjs/loader:1386\n  throw err;\n\nError: Cannot find module x\n    at y\n}\n\nNode.js v24.1.0',
      'Error: Cannot find module x',
    ],
    [
      'what was said before Node’s signature',
      'FATAL: out of memory\nNode.js v24.1.0',
      'FATAL: out of memory',
    ],
  ])('are %s', (_, output, words) => {
    expect(lastWords(output)).toBe(words);
  });
});
