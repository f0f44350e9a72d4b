import {
  type Disposable,
  EventEmitter,
  Range,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
  type Uri,
  workspace,
} from 'vscode';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { AttentionSite } from '../../shapes/site.ts';
import { readSettings } from '../settings.ts';
import type { RememberedSizes } from './rememberedSizes.ts';
import { rangeOf } from './siteDocuments.ts';
import { byCost, type CostedSite } from './siteOrder.ts';
import type { FileSites } from './siteSearch.ts';
import { siteSummary } from './siteSummary.ts';
import { cut } from './siteWords.ts';

/** A call site as *Show All Call Sites* returns it. */
export interface CallSiteRow {
  uri: string;
  line: number;
  /** `B × 12 × T × 64, causal` */
  shape: string;
  /** `standard 8.9 GB, flash2 537 MB HBM (exact)`, or why there is none. */
  cost: string;
}

interface FileNode {
  kind: 'file';
  uri: Uri;
  sites: CostedSite[];
}

interface SiteNode extends CostedSite {
  kind: 'site';
  uri: Uri;
}

type Node = FileNode | SiteNode;

/** Files with attention calls, the most expensive first; a click opens a call. */
export class SiteTree implements TreeDataProvider<Node>, Disposable {
  private readonly remembered: RememberedSizes;
  private readonly limits: () => DeviceLimits;
  private readonly changes = new EventEmitter<void>();
  private found = new Map<string, FileSites>();

  readonly onDidChangeTreeData = this.changes.event;

  constructor(remembered: RememberedSizes, limits: () => DeviceLimits) {
    this.remembered = remembered;
    this.limits = limits;
  }

  /** Shows what a search found. */
  show(found: readonly FileSites[]): void {
    this.found = new Map(found.map((each) => [each.uri.toString(), each]));
    this.changes.fire();
  }

  /** Whether a search has shown this file, so that its news matter. */
  has(uri: Uri): boolean {
    return this.found.has(uri.toString());
  }

  update(file: FileSites): void {
    this.found.set(file.uri.toString(), file);
    this.changes.fire();
  }

  /** Costs changed. */
  refresh(): void {
    if (this.found.size > 0) this.changes.fire();
  }

  getChildren(node?: Node): Node[] {
    if (node?.kind === 'site') return [];
    if (node) return node.sites.map((site) => ({ kind: 'site', uri: node.uri, ...site }));
    const { algorithms } = readSettings();
    const { values } = this.remembered;
    const limits = this.limits();
    const files = [...this.found.values()]
      .filter(({ sites }) => sites.length > 0)
      .map(({ uri, sites }) => ({
        kind: 'file' as const,
        uri,
        sites: byCost(
          sites.map((site) => ({ site, summary: siteSummary(site, values, algorithms, limits) })),
          ({ summary }) => summary.bytes,
        ),
      }));
    return byCost(files, ({ sites }) => sites[0]?.summary.bytes ?? null);
  }

  /** What it shows, in its order: for scripts. Lines from 1. */
  rows(): CallSiteRow[] {
    return this.getChildren().flatMap((file) =>
      this.getChildren(file).flatMap((node) =>
        node.kind === 'file'
          ? []
          : [
              {
                uri: node.uri.toString(),
                line: node.site.line,
                shape: node.summary.shape,
                cost: node.summary.cost,
              },
            ],
      ),
    );
  }

  getTreeItem(node: Node): TreeItem {
    return node.kind === 'file' ? fileItem(node) : siteItem(node);
  }

  dispose(): void {
    this.changes.dispose();
  }
}

function fileItem({ uri, sites }: FileNode): TreeItem {
  const item = new TreeItem(uri, TreeItemCollapsibleState.Expanded);
  item.iconPath = ThemeIcon.File;
  item.description = `${sites.length === 1 ? '1 call' : `${sites.length} calls`}, ${workspace.asRelativePath(uri)}`;
  return item;
}

function siteItem({ uri, site, summary }: SiteNode): TreeItem {
  const item = new TreeItem(summary.shape, TreeItemCollapsibleState.None);
  item.description = summary.cost;
  item.tooltip = `${placeOf(site)}: ${cut(site.callee)}\n${summary.shape}\n${summary.cost}`;
  item.command = {
    title: 'Open the Call',
    command: 'vscode.open',
    // A notebook opens at its top: the lines are those of a cell.
    arguments: site.cell === undefined ? [uri, { selection: startOf(site) }] : [uri],
  };
  return item;
}

function startOf(site: AttentionSite): Range {
  const { start } = rangeOf(site);
  return new Range(start, start);
}

function placeOf({ line, cell }: AttentionSite): string {
  return cell === undefined ? `line ${line}` : `cell ${cell + 1} line ${line}`;
}
