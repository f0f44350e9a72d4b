import { MarkdownString } from 'vscode';
import type { Problem } from '../attention/problem.ts';
import type { CommandId } from './contributions.ts';
import { problemArgument } from './problemArgument.ts';
import { readSettings } from './settings.ts';

/** A Markdown link that profiles a problem with the algorithms of the settings. */
export function profileLink(problem: Problem, label = 'Profile'): string {
  const argument = problemArgument(problem, readSettings().algorithms);
  return commandLink('attention.profile', argument, `$(play) ${label}`, 'Run kernels of this shape now');
}

/** A Markdown link that runs a command; the label is Markdown already. */
export function commandLink(command: CommandId, argument: unknown, label: string, title = ''): string {
  // Round brackets would end the link.
  const query = encodeURIComponent(JSON.stringify([argument])).replace(/[()]/g, (c) =>
    c === '(' ? '%28' : '%29',
  );
  return `[${label}](command:${command}?${query}${title === '' ? '' : ` "${title}"`})`;
}

/** Markdown in which links run these commands, and no other. */
export function trustedMarkdown(
  text: string,
  enabledCommands: readonly CommandId[] = ['attention.profile'],
): MarkdownString {
  const markdown = new MarkdownString(text, true);
  markdown.isTrusted = { enabledCommands };
  return markdown;
}
