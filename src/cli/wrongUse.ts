/** The command line asks for something that is not there: exit 2 and one line that says what is right. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
}

/** Text from outside, safe to repeat in a one-line message. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

/** Several lines as one, control characters gone: errors are one line, and a terminal is not for others to drive. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ').trim();
}
