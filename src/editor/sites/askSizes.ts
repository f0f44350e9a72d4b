import { window } from 'vscode';
import { maxSize } from '../../attention/shape.ts';
import { isSize } from './rememberedSizes.ts';
import type { MissingSize, SizeField } from './siteProblem.ts';
import { missingName, sizeNames } from './siteWords.ts';

const mostChoices = 12;

/** Asks for one size of a call site, checked while it is typed. Null where the user leaves. */
export async function askSize(missing: MissingSize, prefill: number | null): Promise<number | null> {
  const answer = await window.showInputBox({
    title: `Attention: ${missingName(missing)}`,
    prompt: promptFor(missing),
    value: prefill === null ? '' : String(prefill),
    ignoreFocusOut: true,
    validateInput: (text) =>
      sizeOf(text) === null ? `a whole number from 1 to ${maxSize}, not "${text.slice(0, 40)}"` : null,
  });
  return answer === undefined ? null : sizeOf(answer);
}

function promptFor({ symbol, fields, choices }: MissingSize): string {
  const what = fields.map((field: SizeField) => sizeNames[field]).join(' and ');
  const named = symbol === null ? `The code does not say: ${what}.` : `The code leaves it open: ${what}.`;
  if (choices.length === 0) return named;
  const shown = choices.slice(0, mostChoices).join(', ');
  return `${named} It runs over ${shown}${choices.length > mostChoices ? ', …' : ''}.`;
}

/** `4096` or `4_096`; null for anything that is no size. */
function sizeOf(text: string): number | null {
  const digits = text.trim().replace(/(?<=\d)[_,](?=\d)/g, '');
  const size = /^\d+$/.test(digits) ? Number(digits) : null;
  return isSize(size) ? size : null;
}
