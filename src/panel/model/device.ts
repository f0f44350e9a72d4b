import type { DocumentDevice } from '../../profiler/document/schema.ts';

export interface DeviceView {
  name: string;
  facts: string[];
  /** Stands beside the name where the times need a warning. */
  badge: string | null;
  notice: string | null;
}

export function deviceView(device: DocumentDevice | null): DeviceView {
  if (!device) {
    return {
      name: 'unknown device',
      facts: [],
      badge: null,
      notice: 'This document does not describe the device of these runs.',
    };
  }
  const facts = [device.vendor, device.architecture, device.backend, device.driver].filter(
    (fact): fact is string => fact !== null && fact !== '' && fact !== device.name,
  );
  const name = device.name || device.id;
  if (device.type === 'software') {
    const notice = "times are not a GPU's; counts and errors are exact";
    return { name, facts, badge: 'software adapter', notice };
  }
  if (device.type === 'unknown' || device.type === 'table') return { name, facts, badge: null, notice: null };
  return { name, facts: [`${device.type} GPU`, ...facts], badge: null, notice: null };
}
