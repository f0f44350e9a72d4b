import type { Result } from '../../attention/shape.ts';
import { defaultsOfClass } from './defaults.ts';
import { readModelConfig } from './readModelConfig.ts';
import { isRecord, unknownValue } from './section.ts';
import type { ModelAttention } from './types.ts';

/** A nested call: `LlavaConfig(text_config=LlamaConfig(...))`. */
export interface ConfigCall {
  typeName: string;
  keywords: Readonly<Record<string, unknown>>;
}

function isCall(value: unknown): value is ConfigCall {
  return isRecord(value) && typeof value.typeName === 'string' && isRecord(value.keywords);
}

/** More nesting than any call has; also what ends a cycle. */
const deepest = 8;

/**
 * The attention of a model from a call in Python, `LlamaConfig(num_attention_heads=32)`. `typeName` is the class
 * without its module; the defaults of a class that transformers has fill in what the call leaves out. Values are
 * numbers, strings, booleans, null for None, arrays, records, or a `ConfigCall` for a nested call; a keyword whose
 * value is not known (an expression) is given as `unknownValue`, which keeps the class default away.
 */
export function configOfKeywords(
  typeName: string,
  keywords: Readonly<Record<string, unknown>>,
): Result<ModelAttention> {
  return readModelConfig(jsonOf({ typeName, keywords }, 0));
}

function jsonOf({ typeName, keywords }: ConfigCall, depth: number): Record<string, unknown> {
  const modelType = defaultsOfClass(typeName)?.modelType;
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(keywords)) {
    values[key] = isCall(value) && depth < deepest ? jsonOf(value, depth + 1) : value;
  }
  return modelType === undefined ? values : { ...values, model_type: modelType };
}

export { unknownValue };
