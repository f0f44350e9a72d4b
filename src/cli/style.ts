import type { Terminal } from './services.ts';

export interface Style {
  strong(text: string): string;
  faint(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
}

const plain: Style = {
  strong: (text) => text,
  faint: (text) => text,
  bad: (text) => text,
  warn: (text) => text,
};

const ansi = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;

const coloured: Style = { strong: ansi(1), faint: ansi(2), bad: ansi(31), warn: ansi(33) };

/** Colour only on a terminal, and only where NO_COLOR (no-color.org) does not forbid it. */
export function styleFor({ out, environment }: Terminal): Style {
  return out.isTty && !environment.NO_COLOR && environment.TERM !== 'dumb' ? coloured : plain;
}
