import { afterAll, expect, test } from 'vitest';
import { bufferUsage } from '../../../src/gpu/constants.ts';
import { LimitError, OutOfMemoryError } from '../../../src/gpu/errors.ts';
import { Ledger } from '../../../src/gpu/ledger.ts';
import { TestGpu, watchBuffers } from './device.ts';

const gpu = new TestGpu();
afterAll(() => gpu.dispose());

test('bytes and peaks are exact for each category, and nothing outlives the ledger', async () => {
  const { device, guarded } = await gpu.device();
  const buffers = watchBuffers(device);
  const ledger = new Ledger(guarded);
  const q = await ledger.allocate('tensor', 'q', 1024, bufferUsage.storage);
  await ledger.allocate('tensor', 'k', 4, bufferUsage.storage);
  await ledger.allocate('harness', 'parameters', 256, bufferUsage.uniform);
  expect(ledger.currentBytes('tensor')).toBe(1028);
  ledger.release(q);
  ledger.release(q);
  expect(ledger.currentBytes('tensor')).toBe(4);
  await ledger.allocate('tensor', 'v', 512, bufferUsage.storage);
  expect(ledger.currentBytes('tensor')).toBe(516);
  expect(ledger.peakBytes('tensor')).toBe(1028);
  expect(ledger.peakBytes('harness')).toBe(256);
  expect(ledger.sizes('tensor')).toEqual([
    { name: 'k', bytes: 4 },
    { name: 'v', bytes: 512 },
  ]);
  expect(buffers.live()).toBe(3);
  ledger.dispose();
  expect(buffers.live()).toBe(0);
  expect(ledger.currentBytes('tensor')).toBe(0);
  expect(ledger.peakBytes('tensor')).toBe(1028);
});

test('what a limit forbids is refused before it is allocated, with number and limit', async () => {
  const { device, guarded } = await gpu.device();
  const buffers = watchBuffers(device);
  const ledger = new Ledger(guarded);
  const bytes = device.limits.maxBufferSize + 4;
  const error = await ledger.allocate('tensor', 's', bytes, bufferUsage.storage).catch((reason) => reason);
  expect(error).toBeInstanceOf(LimitError);
  expect(error).toMatchObject({ neededBytes: bytes, limitBytes: bytes - 4, limitName: 'maxBufferSize' });
  expect(error.message).toContain(String(bytes));
  expect(buffers.made()).toBe(0);
});

test('memory that runs out is an error of its own, and the device works on', async () => {
  const { device, guarded } = await gpu.device();
  const buffers = watchBuffers(device);
  const ledger = new Ledger(guarded);
  const fill = async () => {
    for (let index = 0; index < 64; index++) {
      await ledger.allocate('tensor', `s${index}`, device.limits.maxBufferSize, bufferUsage.storage);
    }
  };
  await expect(fill()).rejects.toThrow(OutOfMemoryError);
  expect(buffers.live()).toBe(buffers.made() - 1);
  ledger.dispose();
  expect(buffers.live()).toBe(0);
  await ledger.allocate('tensor', 'small', 1024, bufferUsage.storage);
  ledger.dispose();
});

test('sizes that no buffer can have, and usages that do not exist, are refused', async () => {
  const { guarded } = await gpu.device();
  const ledger = new Ledger(guarded);
  for (const bytes of [0, -4, 6, Number.NaN]) {
    await expect(ledger.allocate('tensor', 'x', bytes, bufferUsage.storage)).rejects.toThrow(/multiple of 4/);
  }
  await expect(ledger.allocate('tensor', 'x', 16, 0x100000)).rejects.toThrow(/Buffer x of 16 bytes/);
  expect(ledger.peakBytes('tensor')).toBe(0);
});
