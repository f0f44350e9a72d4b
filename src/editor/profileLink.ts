import { MarkdownString } from 'vscode';
import type { Problem } from '../attention/problem.ts';
import type { CommandId } from './contributions.ts';
import { problemArgument } from './problemArgument.ts';
import { readSettings } from './settings.ts';

/** The only command that such a link may run. */
const linkCommand: CommandId = 'attention.profile';

/** A Markdown link that profiles a problem with the algorithms of the settings. */
export function profileLink(problem: Problem, label = 'Profile'): string {
  const argument = problemArgument(problem, readSettings().algorithms);
  // Round brackets would end the link.
  const query = encodeURIComponent(JSON.stringify([argument])).replace(/[()]/g, (c) =>
    c === '(' ? '%28' : '%29',
  );
  return `[$(play) ${label}](command:${linkCommand}?${query} "Run kernels of this shape now")`;
}

/** Markdown in which such links work, and no other command. */
export function trustedMarkdown(text: string): MarkdownString {
  const markdown = new MarkdownString(text, true);
  markdown.isTrusted = { enabledCommands: [linkCommand] };
  return markdown;
}
