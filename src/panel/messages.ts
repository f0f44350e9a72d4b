import * as v from 'valibot';
import { documentSchema } from '../profiler/document/schema.ts';
import type { FromPanel, PanelState, ToPanel } from './protocol.ts';

/** What crosses the boundary between editor and page is checked on arrival, on both sides. */

const text = v.pipe(v.string(), v.maxLength(20_000));
const fraction = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1));
const document = v.nullable(documentSchema);

const panelState = v.variant('kind', [
  v.object({ kind: v.literal('empty') }),
  v.object({ kind: v.literal('running'), title: text, message: text, fraction, document }),
  v.object({ kind: v.literal('failed'), title: text, error: text, document }),
  v.object({ kind: v.literal('done'), document: documentSchema }),
]) satisfies v.GenericSchema<unknown, PanelState>;

const toPanel = v.object({ type: v.literal('state'), state: panelState }) satisfies v.GenericSchema<
  unknown,
  ToPanel
>;

const fromPanel = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({
    type: v.literal('action'),
    action: v.picklist(['profile', 'rerun', 'cancel', 'selectAdapter', 'showLog']),
  }),
]) satisfies v.GenericSchema<unknown, FromPanel>;

/** The state in a stored value, or null where it holds none. */
export function parsePanelState(value: unknown): PanelState | null {
  const result = v.safeParse(panelState, value);
  return result.success ? result.output : null;
}

/** A message to the page, or a sentence saying what is wrong with it. */
export function parseToPanel(value: unknown): { ok: true; message: ToPanel } | { ok: false; error: string } {
  const result = v.safeParse(toPanel, value);
  return result.success
    ? { ok: true, message: result.output }
    : { ok: false, error: describeIssue(result.issues[0]) };
}

/** A message from the page, or null: a page that sends anything else is not ours to answer. */
export function parseFromPanel(value: unknown): FromPanel | null {
  const result = v.safeParse(fromPanel, value);
  return result.success ? result.output : null;
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path ? `${path}: ${issue.message}` : issue.message;
}
