import type { Result } from '../../attention/shape.ts';
import { defaultsOfType } from './defaults.ts';
import { isGguf, readGguf } from './gguf.ts';
import { transformersVersion } from './modelDefaults.ts';
import { names } from './names.ts';
import { isRecord, isWord, Section, type Values } from './section.ts';
import { roleOf, roleOfRoot, towersOf } from './towers.ts';
import type { KeyPath, LayerGroup, ModelAttention, Tower } from './types.ts';

/** Where a language model may be nested, best first. */
const textKeys = [
  'text_config',
  'language_config',
  'llm_config',
  'text_model',
  'thinker_config',
  'decoder_config',
  'decoder',
  'llm',
  'language_model',
];

const otherKeys = /(_config|^encoder|^decoder|^vision_model|^audio_model|_encoder|_decoder|_tower)$/;

/** Deeper nesting, and more towers, than any model has. */
const deepest = 4;
const mostTowers = 16;

/** Whether a parsed file is worth reading as a model's configuration: cheap, and true of no ordinary JSON. */
export function isModelConfig(json: unknown): boolean {
  if (!isRecord(json)) return false;
  if (isGguf(json)) return true;
  const has = (keys: readonly string[]) => keys.some((key) => Object.hasOwn(json, key));
  if (has(names.heads)) return has(names.layers) || has(names.hiddenSize) || has(names.headDim);
  return (
    isWord(json.model_type) &&
    (defaultsOfType(json.model_type) !== null || textKeys.some((key) => isRecord(json[key])))
  );
}

/**
 * The attention of a model from its configuration: Hugging Face's `config.json`, the model authors' own keys
 * (`n_heads`, `dim`), or GGUF metadata as JSON. Every value says whether it stands in the file, is a default of
 * its class, or follows from others. Takes anything, and throws nothing.
 */
export function readModelConfig(json: unknown): Result<ModelAttention> {
  if (!isRecord(json)) return fail('a model configuration is a JSON object');
  if (isGguf(json)) return readGguf(json);
  const root = sectionOf(json, [], null);
  const towers: Tower[] = [];
  collect(root, null, root, towers);
  if (!towers.some(({ groups }) => groups.length > 0)) {
    return fail('no attention heads in this configuration, and no class defaults for its model_type');
  }
  const [first] = towers.filter(({ groups }) => groups.length > 0);
  return {
    ok: true,
    value: {
      format: root.modelType !== null ? 'transformers' : 'keys',
      modelType: root.modelType,
      configClass: root.defaults?.configClass ?? null,
      towers: [first!, ...towers.filter((tower) => tower !== first)],
      notes: notes(towers),
    },
  };
}

function collect(section: Section, key: string | null, root: Section, towers: Tower[]): void {
  if (section.path.length > deepest || towers.length >= mostTowers) return;
  const nested = nestedSections(section);
  const role = key === null ? roleOfRoot(section) : roleOf(key, section);
  if (hasHeads(section, nested)) towers.push(...towersOf(section, role, root));
  for (const [name, inner] of nested) {
    const before = towers.length;
    collect(inner, name, root, towers);
    // An image encoder that says nothing of its heads is there all the same.
    const isTower = /^(vision|audio)_config$/.test(name) && towers.length === before;
    if (isTower && towers.length < mostTowers) towers.push(...towersOf(inner, roleOf(name, inner), root));
  }
}

/** Heads of its own, or those of its class where nothing nested could mean them. */
function hasHeads(section: Section, nested: readonly unknown[]): boolean {
  if (names.heads.some((key) => section.own(key) !== undefined)) return true;
  const byDefault = section.defaults && names.heads.some((key) => section.defaults!.values.has(key));
  return nested.length === 0 && byDefault === true;
}

/** Nested configurations, the language model's first. */
function nestedSections(section: Section): [key: string, section: Section][] {
  const keys = Object.keys(section.values).filter(
    (key) => isRecord(section.values[key]) && (textKeys.includes(key) || otherKeys.test(key)),
  );
  const place = (key: string) => (textKeys.includes(key) ? textKeys.indexOf(key) : textKeys.length);
  return keys
    .sort((a, b) => place(a) - place(b))
    .slice(0, mostTowers)
    .map((key) => [key, sectionOf(section.values[key] as Values, [...section.path, key], section)]);
}

/**
 * A section with the defaults of its class: that of its own `model_type`, else the one its parent's class nests
 * there. A flat file of a nested class (Qwen2-VL) means the class of its language model.
 */
export function sectionOf(values: Values, path: KeyPath, parent: Section | null): Section {
  const own = isWord(values.model_type) ? values.model_type : null;
  const nestedType = parent?.defaults?.nested.get(path.at(-1) ?? '') ?? null;
  const type = own !== null && own !== parent?.modelType ? own : (nestedType ?? own);
  const defaults = type === null ? null : defaultsOfType(type);
  const textType = defaults?.nested.get('text_config');
  const isFlat = textType !== undefined && names.heads.some((key) => Object.hasOwn(values, key));
  const text = isFlat ? defaultsOfType(textType) : null;
  return new Section(values, path, text && defaults ? { ...text, nested: defaults.nested } : defaults);
}

function notes(towers: readonly Tower[]): string[] {
  const all = towers.flatMap(({ groups }) => groups);
  const usesDefaults = all.some((group) => sizesOf(group).some((field) => field?.restsOnDefault));
  const types = towers.map(({ modelType }) => modelType ?? '');
  return [
    ...(all.some(({ latent }) => latent !== null)
      ? [
          'Latent attention: prefill with keys and values of every head, decoding with the latent as the one key and value',
        ]
      : []),
    ...(types.some((type) => /^(t5|mt5|umt5|pop2piano|switch_transformers)$/.test(type))
      ? ['Relative position biases are not in the cost']
      : []),
    ...(usesDefaults ? [`Class defaults are those of transformers ${transformersVersion}`] : []),
  ];
}

function sizesOf({ count, heads, kvHeads, headDim, headDimV, window }: LayerGroup) {
  return [count, heads, kvHeads, headDim, headDimV, window];
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
