import type { Provenance } from '../../attention/provenance.ts';

/** What each provenance word promises, for whoever points at or focuses a number. */
export const provenanceMeaning: Record<Provenance, string> = {
  measured: 'Measured: read from a clock or by comparing outputs on this device.',
  counted: 'Counted: added up on the device by the instrumented kernel, access by access.',
  exact: 'Exact: the closed form of the same plan; it must equal what is counted.',
  modelled: 'Modelled: computed with a model of the device, not observed.',
  bound: 'Bound: each input read once and each output written once; nothing can do better.',
};

/** A number as a reader sees it: its text, where it came from, and what it means in words. */
export interface Figure {
  text: string;
  provenance: Provenance;
  explanation: string;
  /** Bad news that must not be overlooked, such as outputs that are not finite. */
  alarm?: boolean;
}

export function figure(text: string, provenance: Provenance, about: string, alarm = false): Figure {
  const explanation = `${about} ${provenanceMeaning[provenance]}`;
  return alarm ? { text, provenance, explanation, alarm } : { text, provenance, explanation };
}
