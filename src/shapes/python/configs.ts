import type { Analysis, Module } from './analysis.ts';
import { classFields, defaultInstance, findClass } from './classes.ts';
import type { ClassValue, Opaque, Value } from './value.ts';

const configLike = /^(self\.)?(\w*_)?(config|cfg|args|hparams|params|conf|opts?|settings|model_args)$/i;

/**
 * The default of `config.name` where nobody says which class `config` is: the one configuration class of the file that
 * has such a field. Several that differ say nothing.
 */
export function configDefault(analysis: Analysis, object: Opaque, name: string): Value | null {
  if (object.name === null || !configLike.test(object.name)) return null;
  const owners = configClasses(analysis).filter((type) =>
    classFields(type.def).some((field) => field.name === name),
  );
  if (owners.length !== 1) return null;
  return defaultInstance(analysis, owners[0]!)?.attributes.get(name) ?? null;
}

function configClasses(analysis: Analysis): ClassValue[] {
  const found: ClassValue[] = [];
  for (const module of [analysis.main, ...analysis.modules.values()] as Module[]) {
    for (const source of module.sources) {
      for (const span of source.spans) {
        const name = span.definedName;
        if (!name || !/(config|args|params|hparams)$/i.test(name)) continue;
        const type = findClass(analysis, module, name);
        if (type) found.push(type);
      }
    }
  }
  return found;
}
