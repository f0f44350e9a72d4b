import * as v from 'valibot';
import { CancellationTokenSource, type Disposable } from 'vscode-jsonrpc/node';
import type { DeviceDescription } from '../attention/limits.ts';
import { HostError, type PlanName } from './errors.ts';
import { answerError, exitError, hangError } from './failures.ts';
import type { GpuChild } from './gpuChild.ts';
import { notices, requests } from './messages.ts';
import type {
  GpuHostMethod,
  ListedAdapter,
  Measurement,
  MeasureProgress,
  ParamsOf,
  ResultOf,
} from './protocol.ts';
import { adaptersSchema, descriptionSchema, measurementSchema, progressSchema } from './replySchemas.ts';
import { cancelled } from './serialQueue.ts';
import { Watchdog } from './watchdog.ts';

export interface CallOptions {
  /** Silence that is borne before the first sign of life. */
  patienceMs: number;
  /** However long a patience the process announces, it gets no more than this. */
  maxPatienceMs: number;
  /** After a cancellation the process has this long to answer before it is ended. */
  cancelGraceMs: number;
  plan?: PlanName;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: MeasureProgress) => void) | undefined;
}

type Outcome =
  | { kind: 'answer'; value: unknown }
  | { kind: 'error'; error: unknown }
  | { kind: 'stall'; silentMs: number }
  | { kind: 'gone'; code: number | null; signal: string | null }
  | { kind: 'stubborn' };

const replySchemas: {
  open: v.GenericSchema<unknown, DeviceDescription>;
  adapters: v.GenericSchema<unknown, ListedAdapter[]>;
  measure: v.GenericSchema<unknown, Measurement>;
} = { open: descriptionSchema, adapters: adaptersSchema, measure: measurementSchema };

/**
 * One call to a GPU process. Always settles: with the checked answer, or with a `HostError` when the process
 * answers an error, ends, falls silent (it is ended), or ignores a cancellation (likewise).
 */
export async function callChild<M extends GpuHostMethod>(
  child: GpuChild,
  method: M,
  params: ParamsOf<M>,
  options: CallOptions,
): Promise<ResultOf<M>> {
  const { plan = null, signal } = options;
  let progress: MeasureProgress | null = null;
  const outcome = await settle(child, method, params, options, (latest) => {
    progress = latest;
  });
  const context = { plan, progress };
  switch (outcome.kind) {
    case 'stall':
      await child.end('hang');
      throw hangError({ ...context, output: child.output }, outcome.silentMs);
    case 'stubborn':
      await child.end('cancelled');
      throw cancelled();
    case 'gone': {
      const { code, signal: by } = outcome;
      // A process that was ended from outside while it was being cancelled is still a cancellation.
      throw signal?.aborted ? cancelled() : exitError(child, { ...context, exit: { code, signal: by } });
    }
    case 'error':
      throw signal?.aborted ? cancelled() : answerError(outcome.error, context);
    case 'answer': {
      if (signal?.aborted) throw cancelled();
      const reply = v.safeParse(replySchemas[method] as v.GenericSchema<unknown, ResultOf<M>>, outcome.value);
      if (reply.success) return reply.output;
      await child.end('protocol');
      const issue = reply.issues[0];
      throw new HostError(
        'protocol',
        `The GPU process gave a malformed answer to "${method}" (${v.getDotPath(issue) ?? 'answer'}: ${issue.message}), so it was ended.`,
        context,
      );
    }
  }
}

/** Waits for whatever comes first, and leaves no listener or timer behind. */
async function settle<M extends GpuHostMethod>(
  child: GpuChild,
  method: M,
  params: ParamsOf<M>,
  options: CallOptions,
  note: (progress: MeasureProgress) => void,
): Promise<Outcome> {
  const { patienceMs, maxPatienceMs, cancelGraceMs, signal, onProgress } = options;
  const source = new CancellationTokenSource();
  const cleanup: Disposable[] = [source];
  try {
    return await new Promise<Outcome>((resolve) => {
      const watchdog = new Watchdog(Math.min(patienceMs, maxPatienceMs), (silentMs) =>
        resolve({ kind: 'stall', silentMs }),
      );
      cleanup.push(watchdog);
      cleanup.push(
        child.connection.onNotification(notices.progress, (value) => {
          const latest = v.safeParse(progressSchema, value);
          if (!latest.success) return;
          watchdog.heard(Math.min(latest.output.patienceMs, maxPatienceMs));
          note(latest.output);
          if (!signal?.aborted) onProgress?.(latest.output);
        }),
      );
      const cancel = (): void => {
        source.cancel();
        const timer = setTimeout(() => resolve({ kind: 'stubborn' }), cancelGraceMs);
        cleanup.push({ dispose: () => clearTimeout(timer) });
      };
      signal?.addEventListener('abort', cancel, { once: true });
      cleanup.push({ dispose: () => signal?.removeEventListener('abort', cancel) });

      child.gone.then(({ code, signal: by }) => resolve({ kind: 'gone', code, signal: by }));
      const sending: Promise<unknown> = child.connection.sendRequest(
        requests[method].method,
        params,
        source.token,
      );
      sending.then(
        (value) => resolve({ kind: 'answer', value }),
        // The channel breaks a moment before the exit is known, and the exit says more.
        (error: unknown) => {
          const late = setTimeout(
            () => resolve({ kind: 'error', error }),
            child.alive && isAnswer(error) ? 0 : 500,
          );
          cleanup.push({ dispose: () => clearTimeout(late) });
        },
      );
      if (signal?.aborted) cancel();
    });
  } finally {
    for (const one of cleanup) one.dispose();
  }
}

/** Errors that the other end sent carry data; those of the channel itself do not. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && 'data' in error && error.data !== undefined;
}
