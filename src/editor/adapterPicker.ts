import { type QuickPickItem, QuickPickItemKind, window } from 'vscode';
import type { DeviceListing, GpuHost } from '../host/protocol.ts';

interface AdapterItem extends QuickPickItem {
  choice?: string;
  listing?: DeviceListing;
}

const general: AdapterItem[] = [
  { choice: 'auto', label: 'auto', description: 'a GPU if there is one, else software' },
  { choice: 'hardware', label: 'hardware', description: 'a GPU, or an error' },
  { choice: 'software', label: 'software', description: "the system's software adapter" },
  {
    choice: 'embedded',
    label: 'embedded',
    description: 'the software adapter that comes with the extension',
  },
];

/**
 * Asks which adapter to use. Opens at once and fills in the adapters of this machine as soon as the GPU
 * process has listed them. Null where the user leaves it as it is.
 */
export async function pickAdapter(
  current: string,
  devices: (signal: AbortSignal) => ReturnType<GpuHost['devices']>,
): Promise<{ choice: string; listing: DeviceListing | null } | null> {
  const abort = new AbortController();
  const pick = window.createQuickPick<AdapterItem>();
  try {
    pick.title = 'Attention Profiler: adapter';
    pick.placeholder = `Adapter to run kernels on (now: ${current})`;
    pick.matchOnDescription = true;
    pick.items = withCurrent(general, current);
    pick.busy = true;
    const chosen = new Promise<AdapterItem | null>((resolve) => {
      pick.onDidAccept(() => resolve(pick.selectedItems[0] ?? null));
      pick.onDidHide(() => resolve(null));
    });
    pick.show();
    devices(abort.signal).then(
      (listings) => {
        if (abort.signal.aborted) return;
        pick.items = withCurrent([...general, ...itemsOf(listings)], current);
        pick.busy = false;
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const detail = error instanceof Error ? error.message : String(error);
        pick.items = [...general, { label: '$(error) The adapters could not be listed', detail }];
        pick.busy = false;
      },
    );
    const item = await chosen;
    if (item?.choice === undefined) return null;
    return { choice: item.choice, listing: item.listing ?? null };
  } finally {
    abort.abort();
    pick.dispose();
  }
}

function itemsOf(listings: DeviceListing[]): AdapterItem[] {
  const separator = { label: 'on this machine', kind: QuickPickItemKind.Separator };
  return [
    separator,
    ...listings.map((listing): AdapterItem => {
      const { choice, device, available, reason } = listing;
      const facts = [device?.type, device?.backend, available ? null : 'not available'];
      return {
        choice,
        listing,
        label: `${available ? '$(circuit-board)' : '$(circle-slash)'} ${device?.name ?? choice}`,
        description: facts.filter((fact) => fact).join(' · '),
        ...(reason ? { detail: reason } : {}),
      };
    }),
  ];
}

function withCurrent(items: AdapterItem[], current: string): AdapterItem[] {
  return items.map((item) => (item.choice === current ? { ...item, label: `${item.label} $(check)` } : item));
}
