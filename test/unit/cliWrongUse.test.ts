import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFaked } from './cliFakes.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'attnprof-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const shape = '1,8,512,64';

test.each<[string[], RegExp]>([
  [
    [],
    /no command is given: the commands are profile, sweep, merge, model, run, verify, count, shapes, devices/,
  ],
  [
    ['foo'],
    /unknown command 'foo': the commands are profile, sweep, merge, model, run, verify, count, shapes, devices/,
  ],
  [['foo', '--json'], /unknown command 'foo'/],
  [['profil', shape], /Did you mean profile\?/],
  [['help', 'foo'], /no such command: the commands are/],
  [['--jso'], /unknown option '--jso'/],
  [['profile'], /no shape is given: B,H,N,D or named/],
  [['profile', '1,8,x,64'], /sequence length is not a whole number, "x": give B,H,N,D/],
  [['profile', '1,8,0,64'], /sequence length must be at least 1, not "0": give/],
  [['profile', '1,-8,512,64'], /heads must be at least 1, not "-8": give/],
  [['profile', '-1,8,512,64'], /batch must be at least 1, not "-1": give/],
  [['profile', '8,512,64'], /four sizes .* not 3: give/],
  [['profile', 'b=1 h=8 kv=3 n=4 d=4'], /heads \(8\) must be divisible by kv heads \(3\)/],
  [['profile', '1,8,512,\n64\u001b[31m', '--json'], /head dim is not a whole number, "64\\u001b\[31m"/],
  [
    ['profile', shape, '--algorithms', 'flash9'],
    /unknown algorithm "flash9": the algorithms are standard, .*or all/,
  ],
  [['profile', shape, '--algorithms', ''], /--algorithms has an empty name: the algorithms are/],
  [['profile', shape, '--algorithms', 'standard,'], /empty name/],
  [['profile', shape, '--dtype', 'int8'], /unknown dtype "int8": give f32, f16, bf16/],
  [['profile', shape, '--pass', 'sideways'], /unknown pass "sideways": give forward, backward or both/],
  [['profile', shape, '--causal-align', 'left'], /give bottom-right or top-left/],
  [['profile', shape, '--window', '5'], /--window "5" is not understood: give LEFT,RIGHT/],
  [['profile', shape, '--window', 'a,b'], /--window "a,b" is not understood/],
  [['profile', shape, '--window', '-,-'], /limits neither side/],
  [['profile', shape, '--causal', '--window', '8,8'], /already ends at the diagonal/],
  [['profile', shape, '--lengths', '1,x'], /--lengths has "x": give whole numbers/],
  [['profile', shape, '--lengths', '1,2'], /lengths needs one number per batch entry: 1, got 2/],
  [['profile', shape, '--lengths', '513'], /between 0 and the key length 512, got 513/],
  [['profile', shape, '--packed', '500,13'], /packed lengths sum to 513, the sequence length is 512/],
  [['profile', shape, '--packed', '512', '--lengths', '512'], /packed or lengths, not both/],
  [['profile', shape, '--bias', '2,8'], /bias has batch 2: 1 or 1 is possible/],
  [['profile', shape, '--bias', 'eight'], /--bias "eight" is not understood: give its batch and heads/],
  [['profile', shape, '--bias', 'bias.npy'], /names a file: profile draws its bias from the seed/],
  [['profile', shape, '--softcap', '0'], /softcap must be above 0/],
  [['profile', shape, '--softcap', 'ten'], /--softcap "ten" is not a number/],
  [['profile', shape, '--dropout', '1'], /dropout must be from 0 to below 1, got 1/],
  [['profile', shape, '--dropout', 'NaN'], /--dropout "NaN" is not a number/],
  [['profile', shape, '--block-mask', 'diagonal'], /--block-mask "diagonal" is not understood: give local/],
  [['profile', shape, '--block-mask', 'random:2'], /--block-mask random needs a density above 0/],
  [
    ['profile', shape, '--algorithms', 'standard', '--block-mask', 'local:1'],
    /^attnprof: standard: block masks are for /,
  ],
  [['profile', shape, '--ring-devices', '0'], /whole number from 1 to 256/],
  [['profile', '1,8,2,64', '--ring-devices', '3'], /3 ring devices share 2 rows/],
  [['profile', shape, '--adapter', ' '], /--adapter is empty: give auto/],
  [['profile', shape, '--tiling', 'br=3'], /--tiling br=3 is not possible: give br=64,bc=32, multiples of 4/],
  [['profile', shape, '--tiling', 'br=8,br=8'], /gives br twice/],
  [['profile', shape, '--tiling', '64x32'], /--tiling "64x32" is not understood: give/],
  [['profile', shape, '--repeats', '0'], /--repeats "0" is not possible: give a whole number from 1 to 1000/],
  [['profile', shape, '--repeats', '1e1'], /--repeats "1e1"/],
  [['profile', shape, '--repeats'], /option '--repeats <count>' argument missing/],
  [
    ['profile', shape, '--time-budget', '-1'],
    /--time-budget "-1" is not possible: give seconds above 0|argument missing/,
  ],
  [['profile', shape, '--time-budget', '0'], /give seconds above 0/],
  [['profile', shape, '--seed', '4294967296'], /whole number from 0 to 4294967295/],
  [['profile', shape, '--nope'], /unknown option '--nope': attnprof profile --help/],
  [['profile', shape, '-o', ''], /-o is empty/],
  [['profile', shape, '-o', '/no/such/folder/x.json'], /has no folder: make "\/no\/such\/folder" first/],
  [['verify', '--cases', '0'], /--cases "0" is not possible/],
  [['verify', 'extra'], /too many arguments/],
  [['devices', 'extra'], /too many arguments/],
])('attnprof %j', async (argv, right) => {
  const { code, out, error, hosts } = await runFaked(argv);
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(error).toMatch(/^attnprof: \P{Cc}+\n$/u);
  expect(error).toMatch(right);
  // Nothing is started for what cannot be done.
  expect(hosts.made).toBe(0);
});

test('-o on a folder says which file to give', async () => {
  const { code, error } = await runFaked(['profile', shape, '-o', folder]);
  expect(code).toBe(2);
  expect(error).toContain('is a folder: give a file in it');
});

test('--help and --version are no errors', async () => {
  for (const argv of [['--help'], ['help'], ['profile', '--help'], ['help', 'verify']]) {
    const { code, out, error } = await runFaked(argv);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/^Usage: attnprof/);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  }
  expect(await runFaked(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' });
});
