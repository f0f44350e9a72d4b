/**
 * Share of the multiprocessors' time that `workgroups` fill when they run in waves of `multiprocessors` x
 * `resident`: w / ceil(w) for w waves, so 128 workgroups on 108 multiprocessors fill 59%. Where they do not
 * fill one wave, a multiprocessor with any workgroup counts as busy.
 */
export function waveEfficiency(workgroups: number, multiprocessors: number, resident = 1): number {
  const waves = workgroups / (multiprocessors * Math.max(1, resident));
  if (waves >= 1) return waves / Math.ceil(waves);
  return Math.min(1, workgroups / multiprocessors);
}

/**
 * Share of the bandwidth that `workgroups` draw. The multiprocessors share it, so an incomplete last wave costs
 * nothing; half of them are taken to draw all of it (assumed).
 */
export function drawnBandwidth(workgroups: number, multiprocessors: number): number {
  return Math.min(1, (2 * workgroups) / multiprocessors);
}
