import { modelDefaults } from './modelDefaults.ts';

/** What one configuration class of transformers says of itself. */
export interface TypeDefaults {
  modelType: string;
  configClass: string;
  values: ReadonlyMap<string, number | boolean | string>;
  /** `attribute_map`: the usual name of a field to the name that the class has for it. */
  aliases: ReadonlyMap<string, string>;
  /** Keys of nested configurations to their model types. */
  nested: ReadonlyMap<string, string>;
}

/** The class defaults of a model type; null where transformers has no such type. */
export function defaultsOfType(modelType: string): TypeDefaults | null {
  if (!/^[\w.-]{1,80}$/.test(modelType)) return null;
  return parseLine(modelDefaults.indexOf(`\n${modelType}|`));
}

/** The class defaults by the name of the configuration class, such as `LlamaConfig`. */
export function defaultsOfClass(configClass: string): TypeDefaults | null {
  if (!/^\w{1,80}$/.test(configClass)) return null;
  const found = new RegExp(`\\n[^|\\n]+\\|${configClass}(?=[|\\n])`).exec(modelDefaults);
  return found && parseLine(found.index);
}

function parseLine(lineBreak: number): TypeDefaults | null {
  if (lineBreak < 0) return null;
  const line = modelDefaults.slice(lineBreak + 1, modelDefaults.indexOf('\n', lineBreak + 1));
  const [modelType = '', configClass = '', values = '', aliases = '', nested = ''] = line.split('|');
  return {
    modelType,
    configClass,
    values: new Map(pairs(values).map(([key, text]) => [key, parsedValue(text)])),
    aliases: new Map(pairs(aliases)),
    nested: new Map(pairs(nested)),
  };
}

function pairs(text: string): [string, string][] {
  if (text === '') return [];
  return text.split(' ').map((pair) => {
    const equals = pair.indexOf('=');
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
}

function parsedValue(text: string): number | boolean | string {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}
