import * as v from 'valibot';
import { parsePanelState } from '../messages.ts';
import type { PanelState } from '../protocol.ts';

/** What the reader chose: kept beside the last state, so that a reload changes nothing. */
export interface ViewChoices {
  unit: 'bytes' | 'accesses';
  /** Ids of the tables that are folded away. */
  folded: string[];
  /** Key of the comparison on show; null for the first. */
  comparison: string | null;
}

export const defaultChoices: ViewChoices = { unit: 'bytes', folded: [], comparison: null };

const choicesSchema = v.object({
  unit: v.picklist(['bytes', 'accesses']),
  folded: v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(32)),
  comparison: v.nullable(v.string()),
});

/** Reads what an earlier page stored; whatever is not ours is dropped. */
export function restoreView(stored: unknown): { state: PanelState | null; choices: ViewChoices } {
  const raw = v.safeParse(v.object({ state: v.unknown(), choices: v.unknown() }), stored);
  if (!raw.success) return { state: null, choices: defaultChoices };
  const choices = v.safeParse(choicesSchema, raw.output.choices);
  return {
    state: parsePanelState(raw.output.state),
    choices: choices.success ? choices.output : defaultChoices,
  };
}
