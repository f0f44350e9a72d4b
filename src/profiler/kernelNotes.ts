import { formatBandwidth, formatMs, formatPercent } from '../attention/units.ts';
import type { KernelCount } from './kernelCount.ts';

/** `12.3 ms measured (p25 12.0 ms to p75 12.9 ms, 10 samples)`; null without a time. */
export function timeInWords({ time }: KernelCount): string | null {
  if (!time) return null;
  const { medianMs, p25Ms, p75Ms, samplesMs, clock } = time;
  const samples = samplesMs.length === 1 ? '1 sample' : `${samplesMs.length} samples`;
  const by = clock === 'wall' ? ', by the wall clock' : '';
  return `${formatMs(medianMs)} measured (p25 ${formatMs(p25Ms)} to p75 ${formatMs(p75Ms)}, ${samples}${by})`;
}

/** How fast the counted bytes went, beside the copy bandwidth that the device reached itself; null without a time. */
export function bandwidthInWords({ issuedGBs, device }: KernelCount): string | null {
  if (issuedGBs === null) return null;
  const peak = device.peaks?.bandwidthGBs ?? null;
  const share =
    peak && peak > 0
      ? `, ${formatPercent(issuedGBs / peak)} of the ${formatBandwidth(peak)} that a copy reached on it`
      : '';
  return `${formatBandwidth(issuedGBs)} issued (counted bytes over measured time)${share}`;
}
