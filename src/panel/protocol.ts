import type { ProfileDocument } from '../profiler/document/schema.ts';

/** Where the panel is in the life of a profile. */
export type PanelState =
  | { kind: 'empty' }
  | { kind: 'running'; title: string; message: string; fraction: number; document: ProfileDocument | null }
  | { kind: 'failed'; title: string; error: string; document: ProfileDocument | null }
  | { kind: 'done'; document: ProfileDocument };

/** Host to page. Nothing is sent before the page said `ready`. */
export type ToPanel = { type: 'state'; state: PanelState };

/** Page to host. The page names actions, never commands, paths or URIs. */
export type FromPanel =
  | { type: 'ready' }
  | { type: 'action'; action: 'profile' | 'rerun' | 'cancel' | 'selectAdapter' | 'showLog' };
