/**
 * Where a number came from. A number without one does not reach a screen, a file or a terminal.
 *
 * - `measured`: a clock or a hardware counter
 * - `counted`: on the device, by the instrumented kernel
 * - `exact`: a closed form of the same plan; equal to `counted`
 * - `modelled`: a cache or device model
 * - `bound`: nothing can do better
 */
export const provenances = ['measured', 'counted', 'exact', 'modelled', 'bound'] as const;

export type Provenance = (typeof provenances)[number];
