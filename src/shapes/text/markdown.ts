import type { LineIndex } from './lines.ts';

/** A fenced block of code. Lines from 1, without the fences. */
export interface MarkdownBlock {
  language: string;
  firstLine: number;
  lastLine: number;
  text: string;
}

const fence = /^ {0,3}(`{3,20}|~{3,20})[ \t]*\{?\.?([\w+-]{0,20})/;

/** The fenced blocks of a Markdown text, in order; one that is never closed runs to the end. */
export function markdownBlocks(text: string, lines: LineIndex): MarkdownBlock[] {
  const blocks: MarkdownBlock[] = [];
  let open: { mark: string; language: string; line: number; start: number } | null = null;
  for (const match of text.matchAll(/^ {0,3}(?:`{3,20}|~{3,20})[^\n]{0,200}$/gm)) {
    const [, mark, language] = fence.exec(match[0]) ?? [];
    if (!mark) continue;
    const { line } = lines.locate(match.index);
    if (!open)
      open = { mark, language: language!.toLowerCase(), line, start: match.index + match[0].length + 1 };
    else if (mark[0] === open.mark[0] && mark.length >= open.mark.length && match[0].trim() === mark) {
      blocks.push(blockOf(text, open, line, match.index));
      open = null;
    }
  }
  if (open) blocks.push(blockOf(text, open, lines.locate(text.length).line + 1, text.length));
  return blocks;
}

function blockOf(
  text: string,
  open: { language: string; line: number; start: number },
  closing: number,
  end: number,
): MarkdownBlock {
  return {
    language: open.language,
    firstLine: open.line + 1,
    lastLine: closing - 1,
    text: text.slice(open.start, end),
  };
}
