import {
  type CancellationToken,
  Hover,
  type HoverProvider,
  MarkdownString,
  type Position,
  type TextDocument,
} from 'vscode';
import { findAlgorithm } from '../attention/catalogue.ts';
import { guaranteedLimits } from '../attention/limits.ts';
import { formatShape } from '../attention/shape.ts';
import type { CommandId } from './contributions.ts';
import { shapeAt } from './documentShapes.ts';
import { escapeMarkdown, hoverText } from './hoverText.ts';
import type { JobArgument } from './jobArgument.ts';
import { type LastAdapter, shortName } from './lastAdapter.ts';
import { readSettings } from './settings.ts';

/** The only command that a link in a hover may run. */
const linkCommand: CommandId = 'attention.profile';

/** Documents that have text worth reading; output channels, diffs and search results are left alone. */
export const hoverSelector = ['file', 'untitled', 'vscode-notebook-cell', 'vscode-vfs'].map((scheme) => ({
  scheme,
}));

/** Shows the cost of the shape under the mouse, from the exact model alone. */
export class ShapeHover implements HoverProvider {
  private readonly lastAdapter: () => LastAdapter | null;

  constructor(lastAdapter: () => LastAdapter | null) {
    this.lastAdapter = lastAdapter;
  }

  provideHover(document: TextDocument, position: Position, token: CancellationToken): Hover | null {
    const found = token.isCancellationRequested ? null : shapeAt(document, position);
    if (!found) return null;
    const adapter = this.lastAdapter();
    const argument: JobArgument = { shape: formatShape(found.shape) };
    const target = `command:${linkCommand}?${encodeURIComponent(JSON.stringify([argument]))}`;
    const text = hoverText({
      shape: found.shape,
      assumption: found.assumption,
      // The algorithms that a profile would run.
      rows: readSettings().algorithms.flatMap((id) => findAlgorithm(id) ?? []),
      limits: adapter?.limits ?? guaranteedLimits,
      limitsOf: adapter
        ? `the limits of ${shortName(adapter)}`
        : "WebGPU's guaranteed limits, no adapter used yet",
      link: `[$(play) Profile on ${escapeMarkdown(adapterLabel(adapter))}](${target} "Run these kernels now")`,
    });
    const markdown = new MarkdownString(text, true);
    markdown.isTrusted = { enabledCommands: [linkCommand] };
    return new Hover(markdown, found.range);
  }
}

/** The adapter that a profile would use, in a link. */
export function adapterLabel(adapter: LastAdapter | null): string {
  if (!adapter) return "this machine's GPU";
  return adapter.software ? `${shortName(adapter)} (software)` : shortName(adapter);
}
