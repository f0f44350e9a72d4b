import {
  type CancellationToken,
  CodeLens,
  type CodeLensProvider,
  type Disposable,
  EventEmitter,
  type TextDocument,
} from 'vscode';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { AttentionSite } from '../../shapes/site.ts';
import type { CommandId } from '../contributions.ts';
import { readSettings } from '../settings.ts';
import type { RememberedSizes } from './rememberedSizes.ts';
import type { SiteArgument } from './siteArgument.ts';
import { rangeOf, type SiteDocuments } from './siteDocuments.ts';
import { siteSummary } from './siteSummary.ts';

/** More lenses than this in a file help nobody. */
const mostLenses = 300;

const profile: CommandId = 'attention.profileSite';

class SiteLens extends CodeLens {
  readonly site: AttentionSite;
  readonly uri: string;

  constructor(site: AttentionSite, uri: string) {
    super(rangeOf(site));
    this.site = site;
    this.uri = uri;
  }
}

/** A line above each attention call: shape, cost, and a click that profiles. Costs are computed as lenses come into view. */
export class SiteLenses implements CodeLensProvider<SiteLens>, Disposable {
  private readonly documents: SiteDocuments;
  private readonly remembered: RememberedSizes;
  private readonly limits: () => DeviceLimits;
  private readonly changes = new EventEmitter<void>();

  readonly onDidChangeCodeLenses = this.changes.event;

  constructor(documents: SiteDocuments, remembered: RememberedSizes, limits: () => DeviceLimits) {
    this.documents = documents;
    this.remembered = remembered;
    this.limits = limits;
  }

  async provideCodeLenses(document: TextDocument, token: CancellationToken): Promise<SiteLens[]> {
    if (!readSettings().callSiteLenses) return [];
    const sites = await this.documents.sites(document, token);
    return sites.slice(0, mostLenses).map((site) => new SiteLens(site, document.uri.toString()));
  }

  resolveCodeLens(lens: SiteLens): SiteLens {
    const { site, uri } = lens;
    const { shape, cost, missing } = siteSummary(
      site,
      this.remembered.values,
      readSettings().algorithms,
      this.limits(),
    );
    const argument: SiteArgument = { uri, line: site.line, column: site.column };
    lens.command = {
      title: `Attention ${plain(shape)}: ${plain(cost)}`,
      tooltip: missing.length > 0 ? `Asks for ${missing.join(', ')} and profiles` : 'Profiles this call',
      command: profile,
      arguments: [argument],
    };
    return lens;
  }

  /** Asks for all lenses again. */
  refresh(): void {
    this.changes.fire();
  }

  dispose(): void {
    this.changes.dispose();
  }
}

/** Lenses turn `$(name)` into icons; names from the file stay text. */
function plain(text: string): string {
  return text.replaceAll('$(', '$\u200b(');
}
