import { type CancellationToken, Hover, type HoverProvider, type Position, type TextDocument } from 'vscode';
import { guaranteedLimits } from '../../attention/limits.ts';
import type { AttentionSite, Evidence } from '../../shapes/site.ts';
import { shapeAt } from '../documentShapes.ts';
import { adapterLabel } from '../hover.ts';
import { escapeMarkdown } from '../hoverText.ts';
import { type LastAdapter, shortName } from '../lastAdapter.ts';
import { commandLink, profileLink, trustedMarkdown } from '../profileLink.ts';
import { readSettings } from '../settings.ts';
import type { RememberedSizes } from './rememberedSizes.ts';
import type { SiteArgument } from './siteArgument.ts';
import { rangeOf, type SiteDocuments } from './siteDocuments.ts';
import { gpuFor } from './siteGpu.ts';
import { siteHoverText } from './siteHoverText.ts';
import { siteProblem, sizeFields } from './siteProblem.ts';

/** Shows what an attention call computes and costs. On a literal shape inside the call that shape's own hover stands. */
export class SiteHover implements HoverProvider {
  private readonly documents: SiteDocuments;
  private readonly remembered: RememberedSizes;
  private readonly lastAdapter: () => LastAdapter | null;

  constructor(documents: SiteDocuments, remembered: RememberedSizes, lastAdapter: () => LastAdapter | null) {
    this.documents = documents;
    this.remembered = remembered;
    this.lastAdapter = lastAdapter;
  }

  async provideHover(
    document: TextDocument,
    position: Position,
    token: CancellationToken,
  ): Promise<Hover | null> {
    const sites = await this.documents.sitesAt(document, position.line, token);
    // Of calls within calls the innermost is meant.
    const site = sites.filter((each) => rangeOf(each).contains(position)).at(-1);
    if (!site || token.isCancellationRequested || shapeAt(document, position)) return null;
    const adapter = this.lastAdapter();
    const settings = readSettings();
    const text = siteHoverText({
      site,
      values: this.remembered.values,
      algorithms: settings.algorithms,
      limits: adapter?.limits ?? guaranteedLimits,
      limitsOf: adapter
        ? `the limits of ${shortName(adapter)}`
        : "WebGPU's guaranteed limits, no adapter used yet",
      gpu: gpuFor(adapter, settings),
      links: this.links(document, site, adapter),
      evidenceLink: (evidence, label) => evidenceLink(document, evidence, label),
    });
    return new Hover(trustedMarkdown(text, linkCommands), rangeOf(site));
  }

  private links(document: TextDocument, site: AttentionSite, adapter: LastAdapter | null): string[] {
    const argument: SiteArgument = { uri: document.uri.toString(), line: site.line, column: site.column };
    const { problem } = siteProblem(site, this.remembered.values);
    const where = escapeMarkdown(adapterLabel(adapter));
    const named = sizeFields.some(
      (field) => site.problem[field] === null && site.symbols[field] !== undefined,
    );
    return [
      ...(problem?.ok ? [profileLink(problem.value, `Profile on ${where}`)] : []),
      ...(problem === null
        ? [commandLink('attention.profileSite', argument, '$(play) Set Sizes and Profile')]
        : []),
      ...(named ? [commandLink('attention.setSiteSizes', argument, '$(edit) Set Sizes')] : []),
      commandLink('attention.showCallSites', null, '$(list-tree) All Call Sites'),
    ];
  }
}

const linkCommands = [
  'attention.profile',
  'attention.profileSite',
  'attention.setSiteSizes',
  'attention.showCallSites',
] as const;

/** A link to a line of the document itself; other files and cells are named without one. */
function evidenceLink({ uri }: TextDocument, { line, file, cell }: Evidence, label: string): string | null {
  if (file !== undefined || cell !== undefined || uri.scheme !== 'file') return null;
  const target = uri.with({ fragment: `L${line}` }).toString();
  return `[${escapeMarkdown(label)}](${target.replace(/[()]/g, (c) => (c === '(' ? '%28' : '%29'))})`;
}
