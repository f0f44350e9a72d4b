/**
 * The accounts that papers use, under their names, all in bytes as exact big integers: what our kernels move
 * is `Cost.traffic`, these say what the papers count.
 */
export type { AccountProblem, AccountStage, AccountUnits, TrafficAccount } from './account.ts';
export { accountUnits } from './account.ts';
export { compulsoryTraffic } from './compulsory.ts';
export { type Flash1Rule, flash1BackwardTraffic, flash1ForwardTraffic } from './flash1Account.ts';
export {
  type Flash2BackwardRule,
  type Flash2ForwardRule,
  flash2BackwardTraffic,
  flash2ForwardTraffic,
} from './flash2Account.ts';
export { matmulFlops } from './matmulFlops.ts';
export {
  type StandardBackwardSteps,
  type StandardForwardSteps,
  standardBackwardTraffic,
  standardForwardTraffic,
} from './standardAccount.ts';
