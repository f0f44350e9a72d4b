import {
  Diagnostic,
  DiagnosticSeverity,
  Disposable,
  languages,
  type TextDocument,
  window,
  workspace,
} from 'vscode';
import type { GpuModel } from '../../attention/devices/device.ts';
import { problemsName } from '../contributions.ts';
import { onSettingChanged, readSettings } from '../settings.ts';
import type { RememberedSizes } from './rememberedSizes.ts';
import { rangeOf, type SiteDocuments } from './siteDocuments.ts';
import { memoryWarning } from './siteMemory.ts';

/** After the last key; a warning is not urgent. */
const quietMs = 600;

/** Warns, where the user wants it, of calls whose standard attention would not fit into the device's memory. */
export class SiteDiagnostics implements Disposable {
  private readonly documents: SiteDocuments;
  private readonly remembered: RememberedSizes;
  private readonly gpu: () => GpuModel | null;
  private readonly shown = languages.createDiagnosticCollection('attention-memory');
  private readonly subscription: Disposable;
  private timer: NodeJS.Timeout | null = null;

  constructor(documents: SiteDocuments, remembered: RememberedSizes, gpu: () => GpuModel | null) {
    this.documents = documents;
    this.remembered = remembered;
    this.gpu = gpu;
    const later = () => this.later();
    this.subscription = Disposable.from(
      this.shown,
      workspace.onDidChangeTextDocument(later),
      workspace.onDidCloseTextDocument(({ uri }) => this.shown.delete(uri)),
      window.onDidChangeVisibleTextEditors(later),
      onSettingChanged('memoryWarnings', later),
      onSettingChanged('gpu', later),
      onSettingChanged('gpuTable', later),
    );
    later();
  }

  /** Looks at the visible documents again, once it is quiet. */
  later(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.update();
    }, quietMs);
  }

  private async update(): Promise<void> {
    const gpu = readSettings().memoryWarnings ? this.gpu() : null;
    if (!gpu) return this.shown.clear();
    const visible = new Set(window.visibleTextEditors.map(({ document }) => document));
    for (const document of visible) if (document.languageId === 'python') await this.show(document, gpu);
  }

  private async show(document: TextDocument, gpu: GpuModel): Promise<void> {
    const { version } = document;
    const sites = await this.documents.sites(document);
    if (document.isClosed || document.version !== version) return;
    const { values } = this.remembered;
    const found = sites.flatMap((site) => {
      const message = memoryWarning(site, values, gpu);
      if (message === null) return [];
      const diagnostic = new Diagnostic(rangeOf(site), message, DiagnosticSeverity.Warning);
      diagnostic.source = problemsName;
      return [diagnostic];
    });
    this.shown.set(document.uri, found);
  }

  dispose(): void {
    if (this.timer) clearTimeout(this.timer);
    this.subscription.dispose();
  }
}
