import * as v from 'valibot';
import type { DeviceDescription } from '../attention/limits.ts';
import type { AdapterSource } from './adapters.ts';
import { type CallOptions, callChild } from './callChild.ts';
import type { ChildStarter } from './childStarter.ts';
import { HostError } from './errors.ts';
import type { GpuChild } from './gpuChild.ts';
import { notices } from './messages.ts';
import type { AdapterChoice } from './protocol.ts';
import { lostSchema } from './replySchemas.ts';

/** A GPU process whose device is open. */
export interface OpenDevice {
  child: GpuChild;
  source: AdapterSource;
  choice: AdapterChoice;
  description: DeviceDescription;
  /** A measurement began since it was described; the description may say more now. */
  hasMeasured: boolean;
  /** Why the device is gone, once it is; the process is of no more use then. */
  lost: string | null;
}

/**
 * Starts a process and opens its device. On failure the process is ended; ends and hangs before the device
 * is open are `start-failed`, and counted.
 */
export async function openDevice(
  starter: ChildStarter,
  source: AdapterSource,
  choice: AdapterChoice,
  options: CallOptions,
): Promise<OpenDevice> {
  const child = await starter.start(source);
  let lost: string | null = null;
  const device: { current: OpenDevice | null } = { current: null };
  child.connection.onNotification(notices.lost, (value) => {
    const notice = v.safeParse(lostSchema, value);
    lost = notice.success ? notice.output.reason : 'the device was lost';
    if (device.current) device.current.lost = lost;
  });
  try {
    const description = await callChild(child, 'open', { adapter: choice }, options);
    starter.noteSuccess(source);
    device.current = { child, source, choice, description, hasMeasured: false, lost };
    return device.current;
  } catch (error) {
    await child.end('failed');
    throw startError(starter, source, error);
  }
}

/** Turns the end of a process that was only starting into `start-failed`; other errors stay what they are. */
export function startError(starter: ChildStarter, source: AdapterSource, error: unknown): unknown {
  if (!(error instanceof HostError)) return error;
  const ended = error.kind === 'hang' || error.kind === 'crash' || error.kind === 'killed';
  if (!ended) {
    if (error.kind !== 'cancelled' && error.kind !== 'disposed') starter.noteSuccess(source);
    return error;
  }
  starter.noteFailure(source, error.message);
  return new HostError(
    'start-failed',
    `The GPU did not open: ${error.message} Try again, update the driver, or choose another adapter.`,
    error,
  );
}
