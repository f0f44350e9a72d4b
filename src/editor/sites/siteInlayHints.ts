import {
  type CancellationToken,
  type Disposable,
  EventEmitter,
  InlayHint,
  type InlayHintsProvider,
  Position,
  type Range,
  type TextDocument,
} from 'vscode';
import type { AttentionSite } from '../../shapes/site.ts';
import { readSettings } from '../settings.ts';
import type { SiteDocuments } from './siteDocuments.ts';
import { cut } from './siteWords.ts';

/** Shows the shapes of q, k and v behind the arguments of an attention call. */
export class SiteInlayHints implements InlayHintsProvider, Disposable {
  private readonly documents: SiteDocuments;
  private readonly changes = new EventEmitter<void>();

  readonly onDidChangeInlayHints = this.changes.event;

  constructor(documents: SiteDocuments) {
    this.documents = documents;
  }

  async provideInlayHints(
    document: TextDocument,
    range: Range,
    token: CancellationToken,
  ): Promise<InlayHint[]> {
    if (!readSettings().shapeHints) return [];
    const sites = await this.documents.sites(document, token);
    return sites.flatMap(hintsOf).filter(({ position }) => range.contains(position));
  }

  refresh(): void {
    this.changes.fire();
  }

  dispose(): void {
    this.changes.dispose();
  }
}

/** One hint for each place; tensors without an argument of their own share the end of the call. */
function hintsOf({ tensors }: AttentionSite): InlayHint[] {
  const places = new Map<string, typeof tensors>();
  for (const tensor of tensors) {
    if (!/[^\s×?]/.test(tensor.text)) continue;
    const key = `${tensor.line}:${tensor.column}`;
    places.set(key, [...(places.get(key) ?? []), tensor]);
  }
  return [...places.values()].map((each) => {
    const [{ line, column }] = each as [(typeof tensors)[number]];
    const text =
      each.length === 1 ? cut(each[0]!.text) : each.map((one) => `${one.name} ${cut(one.text)}`).join(', ');
    const hint = new InlayHint(new Position(line - 1, column), text);
    hint.paddingLeft = true;
    return hint;
  });
}
