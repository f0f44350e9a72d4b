import { formatBytes, unknown } from '../attention/units.ts';
import type { DeviceListing } from '../host/protocol.ts';
import type { Style } from './style.ts';
import { cut, textTable, wrap } from './textTable.ts';

/** A line for each adapter, and why where one is not available. */
export function devicesText(listings: readonly DeviceListing[], style: Style): string {
  if (listings.length === 0) return 'No GPU adapter was found on this machine.\n';
  const rows = listings.map(({ choice, available, device }) => [
    cut(choice, 24),
    available ? 'yes' : 'no',
    device ? cut(device.name || unknown, 30) : '-',
    device ? device.type : '-',
    device ? formatBytes(device.limits.maxStorageBufferBindingSize) : '-',
    device ? yesOrNo(device.features.includes('timestamp-query')) : '-',
    device ? yesOrNo(device.features.includes('shader-f16')) : '-',
  ]);
  const lines = textTable(
    [
      { title: '--adapter', align: 'left' },
      { title: 'opens', align: 'left' },
      { title: 'name', align: 'left' },
      { title: 'type', align: 'left' },
      { title: 'binds', align: 'right' },
      { title: 'clock', align: 'right' },
      { title: 'f16', align: 'right' },
    ],
    rows,
    style,
  );
  const refused = listings.filter(({ available }) => !available);
  if (refused.length > 0) lines.push('');
  for (const { choice, reason } of refused) {
    lines.push(...wrap(`${choice}: ${reason ?? 'not available'}`).map(style.warn));
  }
  if (listings.some(({ device }) => device?.type === 'software')) {
    lines.push(
      '',
      style.faint("A software adapter's times are not a GPU's; its counts and errors hold for any."),
    );
  }
  return `${lines.join('\n')}\n`;
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
