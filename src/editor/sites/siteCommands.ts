import { ProgressLocation, Uri, window, workspace } from 'vscode';
import type { AttentionSite } from '../../shapes/site.ts';
import type { JobArgument } from '../jobArgument.ts';
import { problemArgument } from '../problemArgument.ts';
import { readSettings } from '../settings.ts';
import { parseSiteArgument } from './siteArgument.ts';
import type { SiteDocuments } from './siteDocuments.ts';
import type { SiteQuestions } from './siteQuestions.ts';
import { type FileSites, mostFiles, pythonFiles, sitesOfFile } from './siteSearch.ts';

/** The job of the call site that a lens or a link names; asks what the code leaves open. Null where there is none. */
export async function jobOfSite(
  argument: unknown,
  documents: SiteDocuments,
  questions: SiteQuestions,
): Promise<JobArgument | null> {
  const site = await siteOf(argument, documents);
  const problem = site && (await questions.complete(site));
  return problem && problemArgument(problem, readSettings().algorithms);
}

/** Asks for the names of a call site that the code leaves open. */
export async function setSizes(
  argument: unknown,
  documents: SiteDocuments,
  questions: SiteQuestions,
): Promise<void> {
  const site = await siteOf(argument, documents);
  if (site) await questions.ask(site);
}

async function siteOf(argument: unknown, documents: SiteDocuments): Promise<AttentionSite | null> {
  const place = parseSiteArgument(argument);
  const uri = place && Uri.parse(place.uri);
  const open = uri && workspace.textDocuments.find((each) => each.uri.toString() === uri.toString());
  const sites = open ? await documents.sites(open) : [];
  const found = sites.find(({ line, column }) => line === place?.line && column === place.column);
  if (!found) {
    void window.showInformationMessage('There is no attention call at that place any more.');
  }
  return found ?? null;
}

/** Reads the Python files of the workspace, file by file, until it is cancelled; null where it was. */
export async function findCallSites(documents: SiteDocuments): Promise<FileSites[] | null> {
  const options = {
    location: ProgressLocation.Notification,
    title: 'Looking for attention calls',
    cancellable: true,
  };
  return window.withProgress(options, async (progress, token) => {
    const uris = await pythonFiles(token);
    const found: FileSites[] = [];
    for (const [index, uri] of uris.slice(0, mostFiles).entries()) {
      if (token.isCancellationRequested) return null;
      if (index % 20 === 0) {
        progress.report({ message: `${index} of ${uris.length} files`, increment: 2000 / uris.length });
      }
      const sites = await sitesOfFile(documents, uri);
      if (sites.length > 0) found.push({ uri, sites });
    }
    if (uris.length > mostFiles) {
      void window.showInformationMessage(`Only the first ${mostFiles} Python files were read.`);
    }
    return found;
  });
}
