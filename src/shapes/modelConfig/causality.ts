import { derived, fromConfig } from './fields.ts';
import { isBoolean, type Section } from './section.ts';
import type { Field, TowerRole } from './types.ts';

/** Model types whose attention sees both sides unless `is_decoder` says otherwise. */
const encoders =
  /^(bert|roberta|xlm-roberta|xlm-roberta-xl|roberta-prelayernorm|albert|electra|deberta|deberta-v2|distilbert|camembert|mpnet|modernbert|mobilebert|squeezebert|convbert|roformer|rembert|ernie|esm|esmc|ibert|megatron-bert|nomic_bert|new|gte|jina_embeddings_v3|eurobert|neomme|layoutlm|layoutlmv2|layoutlmv3|lilt|markuplm|bros|luke|xmod|data2vec-text|splinter|tapas|visual_bert|canine|flaubert|xlnet|dpr|nystromformer|longformer|big_bird|lxmert|align_text_model|altclip_text_model|chinese_clip_text_model|siglip_text_model|siglip2_text_model|flava_text_model|clap_text_model|openai_privacy_filter)$/;

/** Text sides of image-text models that see to the left only. */
const causalTextEncoders = /^(clip|clipseg|metaclip_2|owlvit|owlv2|groupvit|xclip)_text_model$/;

/** Decoders that no part of their configuration tells apart from encoders. */
const decoders =
  /^(gpt2|gpt-sw3|gptj|gpt_neo|gpt_neox|gpt_neox_japanese|gpt_bigcode|openai-gpt|opt|bloom|falcon|RefinedWeb|RefinedWebModel|mpt|dbrx|codegen|ctrl|xglm|biogpt|persimmon|imagegpt|cpmant|bitnet|kimi_k2|deepseek|chatglm|baichuan|internlm|internlm2|internlm3|minicpm|minicpm3|xverse|exaone|phi3small|phi3_v|stablelm_epoch|qwen|orion|skywork|yi|mllama_text_model|musicgen_decoder|musicgen_melody_decoder|idefics|emu3_text_model|modernbert-decoder|kosmos_2_text_model|kosmos_2_5_text_model|afmoe|apertus|aria_text|cohere2_moe|diffllama|doge|flex_olmo|granitemoe|granitemoe_swa|granitemoeshared|granitemoehybrid|hunyuan_v1_dense|hunyuan_v1_moe|hunyuan_vl_text|hyperclovax|jais2|nanochat|nemotron|olmo2|olmo3|olmo_hybrid|olmoe|phi|zamba2|kimi_linear|deepseek_ocr2_text|granite4_vision_text)$/;

/** Types that have K/V heads of their own and are no decoders. */
const withKvHeadsButNoDecoder =
  /vision|encoder|audio|perceiver|xcodec|neucodec|mimi|esm|efficientloftr|lightglue|evolla|blt_|timesfm|bert|neomme|privacy_filter|diffusion|t5|deepseek_ocr2_encoder/;

const generates = /(ForCausalLM|ForConditionalGeneration|LMHeadModel|LMHead)$/;

/** Whether queries see only what is before them; null where neither the file nor the model type tells. */
export function causality(section: Section, role: TowerRole, root: Section): Field<boolean> | null {
  for (const [key, causalIf] of [
    ['is_causal', true],
    ['use_bidirectional_attention', false],
  ] as const) {
    const given = section.own(key);
    if (isBoolean(given)) return fromConfig(given === causalIf, section.pathOf(key));
    if (given === 'all') return fromConfig(false, section.pathOf(key));
  }
  if (role === 'vision' || role === 'audio' || role === 'encoder') return derived(false, `${role} tower`, []);
  if (role === 'decoder') return derived(true, 'decoder', []);
  const type = section.type ?? '';
  const decoder = section.own('is_decoder');
  if (encoders.test(type)) {
    return decoder === true
      ? fromConfig(true, section.pathOf('is_decoder'))
      : derived(false, `model type ${type}`, []);
  }
  if (decoders.test(type) || causalTextEncoders.test(type)) return derived(true, `model type ${type}`, []);
  const hasKvHeads = section.defaults?.values.has('num_key_value_heads') || usesDecoderClass(section);
  if (hasKvHeads && !withKvHeadsButNoDecoder.test(type)) return derived(true, `model type ${type}`, []);
  const latent = section.size(['kv_lora_rank']);
  if (latent) return derived(true, 'latent attention, which decoders alone have', [latent]);
  return ofArchitecture(section) ?? ofArchitecture(root);
}

/** Classes that compute K/V heads or have latent attention, as decoders alone do. */
function usesDecoderClass({ type }: Section): boolean {
  return /^(llama|arcee|gemma|gemma2|mistral|mistral3|glm|cohere|cohere2|phi3|olmo|starcoder2|stablelm|granite)$/.test(
    type ?? '',
  );
}

function ofArchitecture(section: Section): Field<boolean> | null {
  const names = section.list('architectures');
  const name = names?.find((each): each is string => typeof each === 'string' && generates.test(each));
  if (name === undefined || name.length > 80) return null;
  return derived(true, name, [fromConfig(name, section.pathOf('architectures'))]);
}
