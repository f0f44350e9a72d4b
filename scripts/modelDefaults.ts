import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeIfChanged } from './lib/files.ts';
import { projectRoot } from './lib/root.mjs';

/**
 * Writes src/shapes/modelConfig/modelDefaults.ts from facts about the configuration classes of transformers:
 *
 *     node scripts/modelDefaults.ts FACTS.json
 *
 * FACTS.json is `{ transformers: version, models: { type: { cls, defaults, aliases, subConfigs, derived } } }`: for
 * each `model_type` the class, what `Class()` sets where nothing is given, its `attribute_map`, the model types of
 * its nested configurations, and the fields that `__init__` computes from others. Run it again when the library adds
 * models; the file is kept in git because the library is no dependency.
 */
interface Facts {
  transformers: string;
  models: Record<string, ModelFacts>;
}

interface ModelFacts {
  cls: string;
  defaults: Record<string, unknown>;
  aliases?: Record<string, string>;
  subConfigs?: Record<string, string>;
  derived?: Record<string, string>;
}

/** Defaults that say nothing of sizes, lengths and masks. */
const unused = /dropout|pdrop|multiplier|pre_attn_scalar|linear_num|index_n|index_head|ln_in_parallel|q_lora/;

const attentionKey =
  /head|layer|hidden|embd|embed_dim|d_model|d_kv|position|length|window|kv_channels|^(dim|n_ctx|depth|attention_groups)$/;

function line(
  type: string,
  { cls, defaults, aliases = {}, subConfigs = {}, derived = {} }: ModelFacts,
): string {
  const values = Object.entries(defaults).flatMap(([key, value]) => {
    // What is computed from other fields is no default once one of those is given.
    if (unused.test(key) || key in derived || value === null) return [];
    if (key === 'layer_types') return [`layer_types=${kinds(value)}`];
    return typeof value === 'number' || typeof value === 'boolean' ? [`${key}=${value}`] : [];
  });
  const names = Object.entries(aliases).filter(([to, from]) => attentionKey.test(to) && to !== from);
  const nested = Object.entries(subConfigs).filter(([, sub]) => /^[\w.-]+$/.test(sub));
  return [
    type,
    cls,
    values.join(' '),
    names.map(([to, from]) => `${to}=${from}`).join(' '),
    nested.map(([key, sub]) => `${key}=${sub}`).join(' '),
  ]
    .join('|')
    .replace(/\|+$/, '');
}

/** One word where all layers are of one kind, else `mixed`: their order follows a rule, not a list. */
function kinds(value: unknown): string {
  const list = Array.isArray(value) ? value : (value as { head: string[] }).head;
  return new Set(list).size === 1 ? String(list[0]) : 'mixed';
}

const [factsFile] = process.argv.slice(2);
if (!factsFile) throw new Error('name the file of facts: node scripts/modelDefaults.ts FACTS.json');
const facts: Facts = JSON.parse(readFileSync(factsFile, 'utf8'));
const lines = Object.entries(facts.models).map(([type, model]) => line(type, model));

writeIfChanged(
  join(projectRoot, 'src/shapes/modelConfig/modelDefaults.ts'),
  `/**
 * Class defaults of the configurations in transformers ${facts.transformers}, written by scripts/modelDefaults.ts: a line
 * for each model type: type|class|defaults|attribute_map|nested types. One string, so that loading it costs
 * nothing and reading a model type costs one search.
 */
export const transformersVersion = '${facts.transformers}';

export const modelDefaults = \`
${lines.sort().join('\n')}
\`;
`,
);
