import * as dims from './dim.ts';
import type { Value } from './value.ts';

export interface Truth {
  value: boolean;
  /** `default` where another value may be passed. */
  basis: 'literal' | 'default';
}

/** Whether Python takes a value for true, where the code tells. */
export function truthOf(value: Value): Truth | null {
  switch (value.kind) {
    case 'bool':
      return { value: value.value, basis: value.fact.basis === 'default' ? 'default' : 'literal' };
    case 'none':
      return { value: false, basis: value.fact.basis === 'default' ? 'default' : 'literal' };
    case 'int': {
      const known = dims.sizeOf(value.dim);
      if (known === null) return null;
      return {
        value: known !== 0,
        basis: dims.factOf(value.dim)?.basis === 'default' ? 'default' : 'literal',
      };
    }
    case 'string':
      return { value: value.value !== '', basis: 'default' };
    default:
      return null;
  }
}
