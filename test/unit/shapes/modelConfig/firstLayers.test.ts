import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultsOfType } from '../../../../src/shapes/modelConfig/defaults.ts';
import { layerNames } from '../../../../src/shapes/modelConfig/layerNames.ts';
import { layerRules } from '../../../../src/shapes/modelConfig/layerRules.ts';
import { Section } from '../../../../src/shapes/modelConfig/section.ts';

/** The first six `layer_types` of each class of transformers 5.18.0 that sets them, with nothing given. */
const classes: Record<string, { layers: number; first: string[] }> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/firstLayers.json'), 'utf8'),
);

function namesOf(modelType: string) {
  const section = new Section({ model_type: modelType }, [], defaultsOfType(modelType));
  return layerNames(section, section.size(['num_hidden_layers'])!);
}

describe('layers of a class with nothing given', () => {
  test.each(Object.entries(classes))(
    '%s: as the class makes them, or not known',
    (modelType, { layers, first }) => {
      const names = namesOf(modelType);
      if (names === null) {
        expect(new Set(first).size > 1 && !layerRules.has(modelType)).toBe(true);
        return;
      }
      expect(names.value).toHaveLength(layers);
      expect(names.value.slice(0, 6)).toEqual(first);
    },
  );

  test('most of them are known', () => {
    const known = Object.keys(classes).filter((modelType) => namesOf(modelType) !== null);
    expect(known.length).toBeGreaterThan(0.8 * Object.keys(classes).length);
  });
});
