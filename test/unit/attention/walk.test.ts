import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Traffic } from '../../../src/attention/traffic.ts';
import { stageWalks } from '../../../src/attention/walk/walk.ts';
import { type WalkCase, walkCases } from './walkCases.ts';

/** Bytes that a walk moves: stage, buffer and kind. */
function walkedBytes({ model, problem, tiling }: WalkCase, join: number): Record<string, bigint> {
  const bytes: Record<string, bigint> = {};
  for (const stage of stageWalks(model.walk, problem, tiling, join)) {
    for (let owner = stage.firstOwner; owner < stage.firstOwner + stage.owners; owner++) {
      for (let workgroup = 0; workgroup < stage.workgroups; workgroup++) {
        for (const { accesses } of stage.steps(owner, workgroup)) {
          for (const access of accesses) {
            expect(access.from).toBeGreaterThanOrEqual(0);
            expect(access.to).toBeLessThanOrEqual(access.regionBytes);
            const key = `${stage.stage} ${access.on.buffer} ${access.kind}`;
            bytes[key] = (bytes[key] ?? 0n) + BigInt(access.bytes);
          }
        }
      }
    }
  }
  return bytes;
}

function exactBytes(traffic: Traffic): Record<string, bigint> {
  const bytes: Record<string, bigint> = {};
  for (const { name, buffers } of traffic.stages) {
    for (const [buffer, { readBytes, writeBytes }] of Object.entries(buffers)) {
      if (readBytes > 0n) bytes[`${name} ${buffer} load`] = readBytes;
      if (writeBytes > 0n) bytes[`${name} ${buffer} store`] = writeBytes;
    }
  }
  return bytes;
}

describe('the walk of every algorithm and pass', () => {
  it.each([1, 2, 3, 16])('moves the bytes of the exact traffic, %i tiles to a step', (join) => {
    fc.assert(
      fc.property(walkCases(), (each) => {
        const exact = exactBytes(each.model.cost(each.problem, each.tiling).traffic);
        expect(walkedBytes(each, join)).toEqual(exact);
      }),
      { numRuns: 250 },
    );
  });
});
