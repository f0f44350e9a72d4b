/**
 * The cost model: one pure function for each quantity, no GPU touched. Shapes and problems are those of
 * `parseShape` and `noOptions`; bytes and counts are exact integers (bigint where they may pass 2^53), times
 * milliseconds. What a function returns says its provenance.
 *
 * Exact: `costOf` (traffic by buffer and stage, FLOPs, memory, tiles, work), `boundTraffic`, `longestRun`.
 * Modelled: `modelDram` (traffic past a cache), `projectTime`, `projectImplementation`, `roofline`, the memory of
 * frameworks, `theory`. Literature: the accounts of the papers under their names, and `reproduceRows`.
 */
export { catalogue, findAlgorithm } from './catalogue.ts';
export { boundTraffic } from './cost/bound.ts';
export type { Cost, Flops, StageWork, TileCounts } from './cost/cost.ts';
export { costOf, type TiledCost } from './costOf.ts';
export type { GpuModel } from './devices/device.ts';
export { findGpu } from './devices/find.ts';
export { deviceLimitsOf } from './devices/limits.ts';
export { matchAdapter } from './devices/match.ts';
export { parseGpuTable } from './devices/parse.ts';
export { residentWorkgroups } from './devices/residency.ts';
export { gpuTable } from './devices/table.ts';
export { type CacheModel, type DramModel, modelDram } from './dram/modelDram.ts';
export { type DeviceLimits, guaranteedLimits } from './limits.ts';
export * from './literature/accounts.ts';
export { notReproduced, reproduceRows } from './literature/reproduce.ts';
export { shippedSplitTile, shippedTile } from './literature/tilesPerDevice.ts';
export {
  flashInferenceMemory,
  flashSavedForBackward,
  flashTrainingMemory,
} from './memory/flashMemory.ts';
export { type FrameworkMemory, frameworkMemory } from './memory/frameworks.ts';
export { type KvCacheKind, kvBytesPerToken, kvElementsPerToken, pagedKvCache } from './memory/kvCache.ts';
export { layerActivationBytes } from './memory/layerActivations.ts';
export { longestRun, longestSequence } from './memory/longestSequence.ts';
export {
  standardInferenceMemory,
  standardSavedForBackward,
  standardTrainingMemory,
} from './memory/standardMemory.ts';
export { noOptions, type Problem } from './problem.ts';
export { implementations, projectImplementation } from './projection/implementations.ts';
export { machineOfGpu, machineOfPeaks } from './projection/machine.ts';
export { stagesOfCost } from './projection/ofCost.ts';
export { projectTime } from './projection/projectTime.ts';
export { roofline } from './projection/roofline.ts';
export { wgslTraits } from './projection/traits.ts';
export { parseShape, type Shape } from './shape.ts';
export { onChipElements, theory } from './theory.ts';
