import { type CancellationToken, type Uri, workspace } from 'vscode';
import type { AttentionSite } from '../../shapes/site.ts';
import { mayCallAttention } from './pythonParser.ts';
import { longestText, type SiteDocuments } from './siteDocuments.ts';

const files = '**/*.{py,ipynb}';
/** What others wrote and is only installed here. */
const excluded =
  '**/{node_modules,site-packages,dist-packages,.venv,venv,.tox,.git,__pycache__,.ipynb_checkpoints}/**';

/** More files than this are not read; the tree says so. */
export const mostFiles = 5000;

export interface FileSites {
  uri: Uri;
  sites: readonly AttentionSite[];
}

/** The Python files of the workspace that attention could be in, at most one more than `mostFiles`. */
export async function pythonFiles(token: CancellationToken): Promise<Uri[]> {
  return workspace.findFiles(files, excluded, mostFiles + 1, token);
}

/** The call sites of a file: as it is in an editor that has it open, else as it is on disk. */
export async function sitesOfFile(documents: SiteDocuments, uri: Uri): Promise<readonly AttentionSite[]> {
  const open = workspace.textDocuments.find((each) => each.uri.toString() === uri.toString());
  if (open) return documents.sites(open);
  const text = await textOf(uri);
  if (text === null || !mayCallAttention(text)) return [];
  if (!uri.path.endsWith('.ipynb')) return documents.sitesOfText(text);
  return documents.sitesOfNotebook(text);
}

/** Null for what is too large, gone, or no text. */
async function textOf(uri: Uri): Promise<string | null> {
  try {
    if ((await workspace.fs.stat(uri)).size > 4 * longestText) return null;
    return new TextDecoder('utf-8', { fatal: true }).decode(await workspace.fs.readFile(uri));
  } catch {
    return null;
  }
}
