import { derived } from './fields.ts';
import { layerGroups, slidingWindow } from './groups.ts';
import { headSizes, hiddenSize } from './heads.ts';
import { names } from './names.ts';
import { isLength, isSize, isWord, type Section } from './section.ts';
import type { Field, LayerGroup, Tower, TowerRole } from './types.ts';

/** The towers of one section: one, or both sides of an encoder-decoder. */
export function towersOf(section: Section, role: TowerRole, root: Section): Tower[] {
  return isEncoderDecoder(section) ? encoderDecoder(section, root) : [oneTower(section, role, root)];
}

function oneTower(section: Section, role: TowerRole, root: Section): Tower {
  const layers = section.size(names.layers);
  const groups = layerGroups(section, { role, root, layers });
  return {
    ...common(section, role, root),
    layers,
    maxSeqLen: section.field(names.maxSeqLen, isLength),
    slidingWindow: groups.some(({ kind }) => kind === 'sliding') ? slidingWindow(section) : null,
    seqLen: role === 'vision' ? patches(section) : null,
    cached: groups.some(({ causal }) => causal?.value === true) && role !== 'vision' && role !== 'audio',
    groups,
  };
}

function common(section: Section, role: TowerRole, root: Section) {
  return {
    role,
    path: section.path,
    modelType: section.modelType,
    hiddenSize: hiddenSize(section),
    dtype: section.field(names.dtype, isWord) ?? root.field(names.dtype, isWord),
  };
}

/** Both sides stand in one section, with keys of their own (BART, Whisper) or shared (T5). */
function isEncoderDecoder(section: Section): boolean {
  const flag = section.own('is_encoder_decoder');
  const sides = ['encoder_layers', 'decoder_layers'].every(
    (key) => section.own(key) !== undefined || section.defaults?.values.has(key),
  );
  const shared = /^(t5|mt5|umt5|longt5|switch_transformers|pop2piano)$/.test(section.type ?? '');
  return flag !== false && (sides || shared);
}

function encoderDecoder(section: Section, root: Section): Tower[] {
  const side = (role: 'encoder' | 'decoder'): Tower => {
    const headsKeys =
      role === 'encoder'
        ? ['encoder_attention_heads', ...names.heads.filter((key) => !key.startsWith('decoder'))]
        : ['decoder_attention_heads', ...names.heads.filter((key) => !key.startsWith('encoder'))];
    const layers =
      role === 'encoder'
        ? section.size(['encoder_layers', 'num_layers', 'num_hidden_layers'])
        : section.size(['decoder_layers', 'num_decoder_layers', 'num_layers', 'num_hidden_layers']);
    const sizes = headSizes(section, headsKeys);
    const kvHeads = sizes.heads && derived(sizes.heads.value, 'as many as heads', [sizes.heads]);
    const groups = layerGroups(section, { role, root, layers, sizes: { ...sizes, kvHeads } });
    const source = section.field(['max_source_positions'], isLength);
    const target = section.field(['max_target_positions'], isLength);
    const shared = section.field(names.maxSeqLen, isLength);
    return {
      ...common(section, role, root),
      layers,
      maxSeqLen: (role === 'encoder' ? source : target) ?? shared,
      slidingWindow: null,
      seqLen: role === 'encoder' && section.type === 'whisper' ? source : null,
      cached: role === 'decoder',
      groups: role === 'encoder' ? groups : [...groups, ...groups.map(crossAttention)],
    };
  };
  return [side('encoder'), side('decoder')];
}

/** Every decoder layer attends to the encoder's output as well, with the same heads. */
function crossAttention(group: LayerGroup): LayerGroup {
  return {
    ...group,
    kind: 'cross',
    name: 'cross_attention',
    causal: derived(false, 'cross attention', []),
    window: null,
    obstacle: 'its keys come from the encoder, and their number from the input',
  };
}

/** Patches of a square image: (image_size / patch_size)^2. A class token and the like are not counted. */
function patches(section: Section): Field<number> | null {
  const image = section.size(['image_size']);
  const patch = section.size(['patch_size']);
  if (!image || !patch || image.value % patch.value !== 0) return null;
  return derived((image.value / patch.value) ** 2, '(image_size / patch_size)^2, patches alone', [
    image,
    patch,
  ]);
}

/** What a nested configuration is, by its key and its model type. */
export function roleOf(key: string, section: Section): TowerRole {
  // A language model's type may name the images that it goes with.
  if (/^(text|language|llm)_/.test(key)) return 'text';
  const words = `${key} ${section.type ?? ''}`;
  if (/vision|visual|image|(^|[\s_-])vit([\s_-]|$)/i.test(words)) return 'vision';
  if (/audio|speech|acoustic|wav/i.test(words)) return 'audio';
  if (/encoder/i.test(key)) return 'encoder';
  if (/^decoder/i.test(key)) return 'decoder';
  return 'text';
}

const imageTypes =
  /vision(?!_text)|^(vit|vit_mae|vit_msn|vitdet|vitpose_backbone|deit|beit|data2vec-vision|dinov\w+|eomt\w*|ijepa|lw_detr_vit|rf_detr_dinov2|sam_\w+|sam2_\w+|sam3_vit_model|pixtral|radio|dpt|yolos|vivit|timesformer|videomae|vjepa2|sapiens2|seggpt|swin\w*|hiera)$/;

/** What the whole file is, where it is one tower. */
export function roleOfRoot(section: Section): TowerRole {
  const type = section.type ?? '';
  if (imageTypes.test(type)) return 'vision';
  if (/^(wav2vec2|hubert|wavlm|unispeech|sew|audio-spectrogram|data2vec-audio)/.test(type)) return 'audio';
  const textless = section.own('vocab_size') === undefined && section.own('patch_size') !== undefined;
  return textless && isSize(section.own('image_size')) ? 'vision' : 'text';
}
