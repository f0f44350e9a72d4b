import { expect, test } from 'vitest';
import type { Memento } from 'vscode';
import { RememberedSizes } from '../../../../src/editor/sites/rememberedSizes.ts';

function memento(initial: unknown): Memento & { stored: () => unknown } {
  const values = new Map<string, unknown>([['sizesOfNames', initial]]);
  return {
    keys: () => [...values.keys()],
    get: (key: string) => values.get(key) as never,
    update: async (key: string, value: unknown) => void values.set(key, value),
    stored: () => values.get('sizesOfNames'),
  };
}

test('what was said is there in the next session', async () => {
  const state = memento(undefined);
  const sizes = new RememberedSizes(state);
  let changes = 0;
  sizes.onChange = () => changes++;
  await sizes.remember(new Map([['T', 2048]]));
  await sizes.remember(new Map([['B', 4]]));
  await sizes.remember(new Map([['T', 512]]));
  expect(changes).toBe(3);
  expect(new RememberedSizes(memento(JSON.parse(JSON.stringify(state.stored())))).values).toEqual({
    B: 4,
    T: 512,
  });
});

test('what is stored and no size is left out', () => {
  const stored = [['T', 2048], ['B', '4'], ['C', -1], ['D', 1.5], ['E', 2 ** 40], 'F', [7, 7], null, ['G']];
  expect(new RememberedSizes(memento(stored)).values).toEqual({ T: 2048 });
  for (const broken of [undefined, null, 'T', 7, { T: 1 }]) {
    expect(new RememberedSizes(memento(broken)).values).toEqual({});
  }
});

test('a name like one of an object is a name', async () => {
  const sizes = new RememberedSizes(memento(undefined));
  expect(Object.hasOwn(sizes.values, 'constructor')).toBe(false);
  await sizes.remember(new Map([['__proto__', 3]]));
  expect(Object.hasOwn(sizes.values, '__proto__')).toBe(true);
});

test('the names said longest ago go first, and no more than a few hundred stay', async () => {
  const sizes = new RememberedSizes(memento(undefined));
  await sizes.remember(new Map([['first', 1]]));
  for (let index = 0; index < 499; index++) await sizes.remember(new Map([[`n${index}`, index + 1]]));
  await sizes.remember(new Map([['first', 2]]));
  await sizes.remember(new Map([['last', 3]]));
  expect(Object.keys(sizes.values)).toHaveLength(500);
  expect(sizes.values).toMatchObject({ first: 2, last: 3, n1: 2 });
  expect(sizes.values).not.toHaveProperty('n0');
});
