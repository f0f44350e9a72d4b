import type { AccessSite } from '../plan.ts';

const readModifyWrite = new Set([
  'atomicAdd',
  'atomicSub',
  'atomicMax',
  'atomicMin',
  'atomicAnd',
  'atomicOr',
  'atomicXor',
  'atomicExchange',
  'atomicCompareExchangeWeak',
]);

/**
 * What an atomic builtin does to memory, or undefined for names that are none. A compare-exchange counts as a
 * load and a store whether or not it exchanges: both are issued as one operation.
 */
export function atomicAccesses(builtin: string): readonly AccessSite['kind'][] | undefined {
  if (builtin === 'atomicLoad') return ['load'];
  if (builtin === 'atomicStore') return ['store'];
  return readModifyWrite.has(builtin) ? ['load', 'store'] : undefined;
}
