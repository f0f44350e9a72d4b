import * as v from 'valibot';
import {
  type CancellationToken,
  ErrorCodes,
  type MessageConnection,
  ResponseError,
} from 'vscode-jsonrpc/node';
import type { GpuSession, MeasureOptions } from '../gpu/session.ts';
import { answeredKinds, HostError } from './errors.ts';
import { type FailureData, notices, requests } from './messages.ts';
import type { AdapterChoice, HostMeasureRequest, ListedAdapter } from './protocol.ts';
import { measureRequestSchema, openSchema } from './requestSchemas.ts';
import { checkRunFolder, readInputs, writeTensor } from './runFolder.ts';

/** What stands behind the calls: Dawn in the real process. */
export interface GpuBackend {
  adapters(): Promise<ListedAdapter[]>;
  /** @throws HostError */
  open(choice: AdapterChoice): Promise<GpuSession>;
}

/**
 * Answers the calls of `GpuHostCalls` on a connection: validates every request, holds the one session, runs
 * one measurement at a time. An error becomes an answer that names its kind, never the end of the process.
 */
export function serveGpu(connection: MessageConnection, backend: GpuBackend): void {
  let opened: { choice: AdapterChoice; session: Promise<GpuSession> } | null = null;
  let measuring = false;

  connection.onRequest(
    requests.adapters,
    replying(() => backend.adapters()),
  );

  connection.onRequest(
    requests.open,
    replying(async (params) => {
      const { adapter } = checked(openSchema, params);
      if (opened && opened.choice !== adapter) {
        throw new HostError('protocol', `this process has opened "${opened.choice}" and opens nothing else`);
      }
      if (!opened) {
        opened = { choice: adapter, session: backend.open(adapter) };
        opened.session.then(
          (session) => {
            session.lost.then((reason) => quietly(connection.sendNotification(notices.lost, { reason })));
          },
          () => {
            opened = null;
          },
        );
      }
      return (await opened.session).description;
    }),
  );

  connection.onRequest(
    requests.measure,
    replying(async (params, token) => {
      const request = checked(measureRequestSchema, params);
      if (!opened) throw new HostError('protocol', 'measure was called before open');
      if (measuring) throw new HostError('protocol', 'a measurement is running already');
      measuring = true;
      const aborter = new AbortController();
      const subscription = token.onCancellationRequested(() => aborter.abort());
      if (token.isCancellationRequested) aborter.abort();
      try {
        const session = await opened.session;
        return await session.measure(request, {
          signal: aborter.signal,
          ...tensorsOf(request),
          // Written to the channel before this returns, so that it arrives even if the next thing is a hang.
          onProgress: (progress) => quietly(connection.sendNotification(notices.progress, progress)),
        });
      } finally {
        measuring = false;
        subscription.dispose();
      }
    }),
  );
}

/** Tensors from and to files, where the request names a folder of them. */
function tensorsOf({ files, plan }: HostMeasureRequest): Pick<MeasureOptions, 'inputs' | 'onOutput'> {
  if (!files) return {};
  checkRunFolder(files.folder);
  return {
    inputs: readInputs(files.folder, files.inputs, plan),
    onOutput: (name, values) => writeTensor(files.folder, name, values),
  };
}

/** A handler whose every error becomes an answer. */
function replying<P, R>(
  answer: (params: P, token: CancellationToken) => Promise<R>,
): (params: P, token: CancellationToken) => Promise<R | ResponseError<FailureData>> {
  return async (params, token) => {
    try {
      return await answer(params, token);
    } catch (error) {
      return failure(error);
    }
  };
}

/** The value itself once the schema accepts it: a schema that copied would drop what it does not know yet. */
function checked<T>(schema: v.GenericSchema<T>, value: unknown): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return value as T;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  throw new HostError('protocol', `malformed request${path === null ? '' : ` at ${path}`}: ${issue.message}`);
}

function failure(error: unknown): ResponseError<FailureData> {
  const kind = kindOf(error);
  const code = kind === 'protocol' ? ErrorCodes.InvalidParams : ErrorCodes.InternalError;
  const message = error instanceof Error ? error.message : String(error);
  return new ResponseError(code, message, { kind });
}

function kindOf(error: unknown): FailureData['kind'] {
  if (error instanceof HostError) return answeredKinds.find((kind) => kind === error.kind) ?? 'failed';
  return error instanceof Error && error.name === 'AbortError' ? 'cancelled' : 'failed';
}

/** A notice that cannot be sent means that the parent is gone, which ends this process anyhow. */
function quietly(sending: Promise<void>): void {
  sending.catch(() => {});
}
