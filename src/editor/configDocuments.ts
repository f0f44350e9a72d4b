import { type Position, Range, type TextDocument } from 'vscode';
import { longestConfig } from '../shapes/modelConfig/configSites.ts';
import { type KeyPosition, keyAt, keyPositions } from '../shapes/modelConfig/keyPositions.ts';
import { isModelConfig, readModelConfig } from '../shapes/modelConfig/readModelConfig.ts';
import type { Field, KeyPath, LayerGroup, ModelAttention, Tower } from '../shapes/modelConfig/types.ts';

/** A model configuration that is open, as of one version of its text. */
interface ReadConfig {
  version: number;
  model: ModelAttention | null;
  keys: KeyPosition[];
}

/** Words without which a file is no model configuration; looked for before anything is parsed. */
const words =
  /"(?:model_type|general\.architecture|n_heads?|num_(?:attention_|query_)?heads|attention_heads|encoder_attention_heads)"/;

/** Keys that mean the model as a whole, or a part of it. */
const wholeKeys = new Set(['model_type', 'architectures', 'general.architecture']);

/** Model configurations among documents, read once for each version and forgotten with the document. */
export class ConfigDocuments {
  private readonly known = new WeakMap<TextDocument, ReadConfig>();

  /** The model and the tower that the key at a position speaks of; null on anything else. */
  at(
    document: TextDocument,
    position: Position,
  ): { model: ModelAttention; tower: Tower; range: Range } | null {
    const { model, keys } = this.read(document);
    if (!model) return null;
    const key = keyAt(keys, document.offsetAt(position));
    if (!key) return null;
    const range = new Range(document.positionAt(key.start), document.positionAt(key.end));
    // The value of a part is a whole object; only its name stands for it.
    const isPart = model.towers.some(({ path }) => path.length > 0 && startsWith(path, key.path));
    if (isPart && !range.contains(position)) return null;
    const tower = towerOf(model, key.path, isPart);
    return tower && { model, tower, range };
  }

  private read(document: TextDocument): ReadConfig {
    const known = this.known.get(document);
    if (known?.version === document.version) return known;
    const read = { version: document.version, ...modelOf(document) };
    this.known.set(document, read);
    return read;
  }
}

function modelOf(document: TextDocument): { model: ModelAttention | null; keys: KeyPosition[] } {
  const none = { model: null, keys: [] };
  // Lines are cheap to count, the whole text is not; no configuration has lines of a kilobyte by the thousand.
  if (document.lineCount > longestConfig / 8) return none;
  const text = document.getText();
  if (text.length > longestConfig || !words.test(text)) return none;
  try {
    const json: unknown = JSON.parse(text);
    const model = isModelConfig(json) ? readModelConfig(json) : null;
    return model?.ok ? { model: model.value, keys: keyPositions(text) } : none;
  } catch {
    // Half-typed JSON; the hover comes back with the last bracket.
    return none;
  }
}

/** The tower that rests on a key; for a key of a whole part the tower in it. */
function towerOf(model: ModelAttention, path: KeyPath, isPart: boolean): Tower | null {
  const { towers } = model;
  if (isPart) return towers.find((tower) => startsWith(tower.path, path)) ?? null;
  const using = towers.find((tower) =>
    fieldsOf(tower).some(({ keys }) => keys.some((key) => same(key, path))),
  );
  if (using) return using;
  if (!wholeKeys.has(path.at(-1) ?? '')) return null;
  const parent = path.slice(0, -1);
  return towers.find((tower) => startsWith(tower.path, parent)) ?? null;
}

function fieldsOf({
  layers,
  hiddenSize,
  maxSeqLen,
  dtype,
  slidingWindow,
  seqLen,
  groups,
}: Tower): Field<unknown>[] {
  const ofGroup = ({
    count,
    heads,
    kvHeads,
    headDim,
    headDimV,
    window,
    causal,
    softcap,
    alibi,
    latent,
  }: LayerGroup) => [
    ...[count, heads, kvHeads, headDim, headDimV, window, causal, softcap, alibi],
    ...[latent?.kvLoraRank ?? null, latent?.qkRopeHeadDim ?? null],
  ];
  const all = [layers, hiddenSize, maxSeqLen, dtype, slidingWindow, seqLen, ...groups.flatMap(ofGroup)];
  return all.filter((field) => field !== null);
}

function startsWith(path: KeyPath, start: KeyPath): boolean {
  return start.length <= path.length && start.every((key, index) => path[index] === key);
}

function same(a: KeyPath, b: KeyPath): boolean {
  return a.length === b.length && startsWith(a, b);
}
