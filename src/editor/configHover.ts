import {
  type CancellationToken,
  Hover,
  type HoverProvider,
  MarkdownString,
  type Position,
  type TextDocument,
} from 'vscode';
import { type CatalogueRow, findAlgorithm } from '../attention/catalogue.ts';
import { guaranteedLimits } from '../attention/limits.ts';
import { formatShape } from '../attention/shape.ts';
import { formatInteger } from '../attention/units.ts';
import { documentProblem } from '../profiler/document/problem.ts';
import type { LayerCost } from '../shapes/modelConfig/modelCost.ts';
import type { Phase } from '../shapes/modelConfig/problems.ts';
import { ConfigDocuments } from './configDocuments.ts';
import { configText } from './configText.ts';
import type { CommandId } from './contributions.ts';
import { hoverSelector } from './hover.ts';
import type { JobArgument } from './jobArgument.ts';
import { type LastAdapter, shortName } from './lastAdapter.ts';
import { readSettings } from './settings.ts';

/** The only command that a link in a hover may run. */
const linkCommand: CommandId = 'attention.profile';

/** What reads keys and values once for all heads of a group, as serving does. */
const decodeAlgorithm = 'flash-decoding';

/** Longer lists of chunks do not go into a link. */
const mostChunksInLink = 32;

export const configHoverSelector = hoverSelector.flatMap(({ scheme }) =>
  ['json', 'jsonc'].map((language) => ({ scheme, language })),
);

/** Shows what a model's attention costs on the keys of its configuration, from the exact model alone. */
export class ConfigHover implements HoverProvider {
  private readonly lastAdapter: () => LastAdapter | null;
  private readonly documents = new ConfigDocuments();

  constructor(lastAdapter: () => LastAdapter | null) {
    this.lastAdapter = lastAdapter;
  }

  provideHover(document: TextDocument, position: Position, token: CancellationToken): Hover | null {
    const found = token.isCancellationRequested ? null : this.documents.at(document, position);
    if (!found || token.isCancellationRequested) return null;
    const adapter = this.lastAdapter();
    const { algorithms, modelSeqLens } = readSettings();
    const rowsOf = (ids: readonly string[]): CatalogueRow[] => ids.flatMap((id) => findAlgorithm(id) ?? []);
    const decode = [...new Set([...algorithms, decodeAlgorithm])];
    const text = configText({
      model: found.model,
      tower: found.tower,
      seqLens: modelSeqLens,
      rows: { prefill: rowsOf(algorithms), decode: rowsOf(decode) },
      limits: adapter?.limits ?? guaranteedLimits,
      limitsOf: adapter
        ? `the limits of ${shortName(adapter)}`
        : "WebGPU's guaranteed limits, no adapter used yet",
      link: (layer, phase) => profileLink(layer, phase, phase === 'decode' ? decode : null),
    });
    const markdown = new MarkdownString(text, true);
    markdown.isTrusted = { enabledCommands: [linkCommand] };
    return new Hover(markdown, found.range);
  }
}

/** A link that profiles one layer; null where its options do not fit into one. */
function profileLink({ layer }: LayerCost, phase: Phase, algorithms: string[] | null): string | null {
  const { problem } = layer;
  if (problem.packed && problem.packed.length > mostChunksInLink) return null;
  const { causal, dtype, window, packed, alibi, softcap, sinks } = documentProblem(problem);
  const options = { window, packed, alibi, softcap, sinks };
  const argument: JobArgument = {
    shape: formatShape(problem),
    dtype,
    causal,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)),
    ...(algorithms ? { algorithms } : {}),
  };
  const target = `command:${linkCommand}?${encodeURIComponent(JSON.stringify([argument]))}`;
  const length = formatInteger(problem.seqLenKv);
  const what = phase === 'decode' ? `a decode step at ${length}` : `one layer at ${length}`;
  return `[$(play) Profile ${what}](${target} "Run this layer's attention now")`;
}
