import {
  type Disposable,
  type ExtensionContext,
  languages,
  type TextEditor,
  Uri,
  commands as vscodeCommands,
  window,
  workspace,
} from 'vscode';
import { guaranteedLimits } from '../../attention/limits.ts';
import type { AttentionSite } from '../../shapes/site.ts';
import { type CommandId, callSitesViewId, contextKeys } from '../contributions.ts';
import { shapeAt, shapeAtCursor } from '../documentShapes.ts';
import { hoverSelector } from '../hover.ts';
import type { JobArgument } from '../jobArgument.ts';
import type { LastAdapter } from '../lastAdapter.ts';
import type { Log } from '../log.ts';
import { problemArgument } from '../problemArgument.ts';
import { onSettingChanged, readSettings } from '../settings.ts';
import { RememberedSizes } from './rememberedSizes.ts';
import { SiteDiagnostics } from './siteDiagnostics.ts';
import { rangeOf, SiteDocuments } from './siteDocuments.ts';
import { gpuFor } from './siteGpu.ts';
import { SiteHover } from './siteHover.ts';
import { SiteInlayHints } from './siteInlayHints.ts';
import { SiteLenses } from './siteLenses.ts';
import { SiteQuestions } from './siteQuestions.ts';
import { SiteTree } from './siteTree.ts';

/** What the attention calls of Python code add to the editor. */
export interface SiteParts {
  /** The job of the call at the cursor; `left` where the user answered a question with nothing, null without a call. */
  jobAtCursor: (editor: TextEditor) => Promise<JobArgument | 'left' | null>;
  /** Costs depend on the adapter: everything that shows one is shown again. */
  adapterChanged: () => void;
  handlers: Record<
    Extract<
      CommandId,
      | 'attention.showCallSites'
      | 'attention.refreshCallSites'
      | 'attention.profileSite'
      | 'attention.setSiteSizes'
    >,
    (argument?: unknown) => unknown
  >;
}

export interface SiteWiring {
  context: ExtensionContext;
  log: Log;
  own: <T extends Disposable>(part: T) => T;
  lastAdapter: () => LastAdapter | null;
  /** Starts a profile, after asking where one runs. */
  profile: (argument: JobArgument) => Promise<void>;
}

/** Makes these parts and registers them. The grammar of Python is loaded when the first Python document is asked about. */
export function wireSites({ context, log, own, lastAdapter, profile }: SiteWiring): SiteParts {
  const python = hoverSelector.map(({ scheme }) => ({ scheme, language: 'python' }));
  const limits = () => lastAdapter()?.limits ?? guaranteedLimits;
  const documents = own(new SiteDocuments(Uri.joinPath(context.extensionUri, 'dist').fsPath, log));
  const remembered = new RememberedSizes(context.workspaceState);
  const questions = new SiteQuestions(context.workspaceState, remembered);

  const lenses = own(new SiteLenses(documents, remembered, limits));
  const hints = own(new SiteInlayHints(documents));
  const tree = own(new SiteTree(remembered, limits));
  const warnings = own(
    new SiteDiagnostics(documents, remembered, () => gpuFor(lastAdapter(), readSettings())),
  );
  own(languages.registerHoverProvider(python, new SiteHover(documents, remembered, lastAdapter)));
  own(languages.registerCodeLensProvider(python, lenses));
  own(languages.registerInlayHintsProvider(python, hints));
  own(window.registerTreeDataProvider(callSitesViewId, tree));

  const costsChanged = () => {
    lenses.refresh();
    tree.refresh();
    warnings.later();
  };
  remembered.onChange = costsChanged;
  own(onSettingChanged('callSiteLenses', () => lenses.refresh()));
  own(onSettingChanged('shapeHints', () => hints.refresh()));
  own(onSettingChanged('algorithms', costsChanged));
  own(
    workspace.onDidSaveTextDocument((document) => {
      if (!tree.has(document.uri)) return;
      void documents.sites(document).then((sites) => tree.update({ uri: document.uri, sites }));
    }),
  );

  const search = async () => {
    const { findCallSites } = await import('./siteCommands.ts');
    const found = await findCallSites(documents);
    if (found) tree.show(found);
    return found;
  };
  return {
    adapterChanged: costsChanged,
    jobAtCursor: async (editor) => {
      const site = await siteAtCursor(documents, editor);
      if (!site) return null;
      const problem = await questions.complete(site);
      return problem ? problemArgument(problem, readSettings().algorithms) : 'left';
    },
    handlers: {
      'attention.showCallSites': async () => {
        await vscodeCommands.executeCommand('setContext', contextKeys.callSites, true);
        const found = await search();
        if (!found) return null;
        await vscodeCommands.executeCommand(`${callSitesViewId}.focus`);
        if (found.length === 0) {
          void window.showInformationMessage(
            'No attention call was found in the Python files of this workspace.',
          );
        }
        return tree.rows();
      },
      'attention.refreshCallSites': search,
      'attention.profileSite': async (argument) => {
        const { jobOfSite } = await import('./siteCommands.ts');
        const job = await jobOfSite(argument, documents, questions);
        if (job) await profile(job);
      },
      'attention.setSiteSizes': async (argument) =>
        (await import('./siteCommands.ts')).setSizes(argument, documents, questions),
    },
  };
}

/** The call around the cursor, else the first on its line; null where a literal shape is meant. */
async function siteAtCursor(
  documents: SiteDocuments,
  { document, selection }: TextEditor,
): Promise<AttentionSite | null> {
  const at = selection.active;
  if (!selection.isEmpty || document.languageId !== 'python' || shapeAt(document, at)) return null;
  const sites = await documents.sitesAt(document, at.line);
  const around = sites.filter((each) => rangeOf(each).contains(at)).at(-1);
  return around ?? (shapeAtCursor(document, at) ? null : (sites[0] ?? null));
}
