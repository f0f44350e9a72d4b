import type { Provenance } from '../provenance.ts';

/** A published number beside ours. */
export interface ReproduceRow {
  /** Stable, unique: `flash1-figure2-left-standard-hbm`. */
  id: string;
  /** Paper and place: `FlashAttention, Figure 2 left (arXiv v2)`. */
  source: string;
  /** What it is of: `standard attention, HBM reads and writes`. */
  quantity: string;
  unit: string;
  published: number;
  ours: number;
  /** Where our number comes from. */
  provenance: Provenance;
  /** (ours - published) / published. */
  relativeDifference: number;
  /** Largest absolute relative difference that is claimed; null where the row only reports. */
  tolerance: number | null;
  /** Whether the difference is within the tolerance; null where there is none. */
  within: boolean | null;
  /** The model's parameters were chosen so as to give this very number: agreement proves less than elsewhere. */
  fitted: boolean;
  /** What to know of the number; empty where nothing. */
  note: string;
}

/** Fills in the difference and whether it is within the tolerance. `published` is not 0. */
export function reproduceRow(
  row: Omit<ReproduceRow, 'relativeDifference' | 'within' | 'provenance' | 'fitted' | 'note'> &
    Partial<Pick<ReproduceRow, 'provenance' | 'fitted' | 'note'>>,
): ReproduceRow {
  const { id, source, quantity, unit, published, ours, tolerance } = row;
  const { provenance = 'modelled', fitted = false, note = '' } = row;
  const relativeDifference = (ours - published) / published;
  const within = tolerance === null ? null : Math.abs(relativeDifference) <= tolerance;
  return {
    ...{ id, source, quantity, unit, published, ours, provenance },
    ...{ relativeDifference, tolerance, within, fitted, note },
  };
}
