import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModelConfig } from '../../../../src/shapes/modelConfig/readModelConfig.ts';
import type { Field, LayerGroup, Tower } from '../../../../src/shapes/modelConfig/types.ts';

/** The keys of real files that say anything of attention, and what transformers makes of the whole file. */
interface Published {
  source: string;
  config: Record<string, unknown>;
  expected: {
    modelType?: string;
    path: string;
    layerTypes?: Record<string, number>;
    vision?: Record<string, number | null>;
    mla?: { kvLoraRank: number; qkRope: number };
    sources: Record<string, string>;
  } & Record<string, unknown>;
}

const fixtures: Record<string, Published> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/modelConfigs.json'), 'utf8'),
);

const given = (field: Field<unknown> | null | undefined) => field?.value ?? null;
const softmax = (tower: Tower): LayerGroup =>
  tower.groups.find(({ kind }) => kind !== 'other') ?? tower.groups[0]!;

/** What was found, under the names of the expected values; of an encoder-decoder as transformers sums it up. */
function found(config: unknown) {
  const model = readModelConfig(config);
  if (!model.ok) throw new Error(model.error);
  const [tower] = model.value.towers;
  const decoder = model.value.towers.find(({ role }) => role === 'decoder');
  const group = softmax(tower!);
  return { towers: model.value.towers, tower: tower!, group, maxSeq: (decoder ?? tower!).maxSeqLen };
}

describe.each(Object.entries(fixtures))('%s', (_, { config, expected }) => {
  const { towers, tower, group, maxSeq } = found(config);

  test('sizes, lengths, dtype and windows are those of transformers', () => {
    expect({
      modelType: tower.modelType,
      path: ['$', ...tower.path].join('.'),
      layers: given(tower.layers),
      heads: given(group.heads),
      kvHeads: given(group.kvHeads),
      headDim: given(group.headDim),
      headDimV: given(group.headDimV),
      hiddenSize: given(tower.hiddenSize),
      maxSeq: given(maxSeq),
      slidingWindow: given(tower.slidingWindow),
      dtype: given(tower.dtype),
    }).toEqual({
      modelType: expected.modelType ?? null,
      path: expected.path,
      layers: expected.layers,
      heads: expected.heads,
      kvHeads: expected.kvHeads,
      headDim: expected.headDim,
      headDimV: expected.headDimV ?? expected.headDim,
      hiddenSize: expected.hiddenSize,
      maxSeq: expected.maxSeq ?? null,
      slidingWindow: expected.slidingWindow ?? null,
      dtype: expected.dtype ?? null,
    });
  });

  test('every value says where it came from', () => {
    const fields = {
      layers: tower.layers,
      heads: group.heads,
      kvHeads: group.kvHeads,
      headDim: group.headDim,
      hidden: tower.hiddenSize,
      maxSeq,
    };
    for (const [name, source] of Object.entries(expected.sources)) {
      const field = fields[name as keyof typeof fields];
      const basis = source.startsWith('$.')
        ? 'config'
        : source.startsWith('default:')
          ? 'default'
          : 'derived';
      expect([name, field?.basis]).toEqual([name, basis]);
      if (basis === 'config') expect(`$.${field?.keys[0]?.join('.')}`).toBe(source);
      expect(field?.restsOnDefault).toBe(basis === 'default');
    }
  });

  test('kinds of layers', () => {
    if (!expected.layerTypes) return;
    const kinds = tower.groups.map(({ name, count }) => [name, given(count)]);
    expect(Object.fromEntries(kinds)).toEqual(expected.layerTypes);
    expect(kinds.length).toBe(Object.keys(expected.layerTypes).length);
  });

  test('latent attention', () => {
    const ranks = group.latent && {
      kvLoraRank: group.latent.kvLoraRank.value,
      qkRope: group.latent.qkRopeHeadDim.value,
    };
    const mla = expected.mla && { kvLoraRank: expected.mla.kvLoraRank, qkRope: expected.mla.qkRope };
    expect(ranks).toEqual(mla ?? null);
  });

  test('the image encoder', () => {
    if (!expected.vision) return;
    const vision = towers.find(({ role }) => role === 'vision');
    const group = vision?.groups[0];
    expect({
      heads: given(group?.heads),
      headDim: given(group?.headDim),
      layers: given(vision?.layers),
      hiddenSize: given(vision?.hiddenSize),
    }).toEqual(expected.vision);
  });
});

test('the fixtures are many, and each names its source', () => {
  expect(Object.keys(fixtures).length).toBeGreaterThanOrEqual(70);
  for (const { source } of Object.values(fixtures)) expect(source).not.toBe('');
});
