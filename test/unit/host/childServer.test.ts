import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CancellationTokenSource,
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import type { Measurement } from '../../../src/gpu/measurement.ts';
import type { GpuSession } from '../../../src/gpu/session.ts';
import { serveGpu } from '../../../src/host/childServer.ts';
import { HostError } from '../../../src/host/errors.ts';
import { notices, requests } from '../../../src/host/messages.ts';
import { copyRequest } from '../../gpu/host/copyPlan.ts';

const measurement: Measurement = {
  status: 'ok',
  time: null,
  partial: null,
  counts: null,
  errors: null,
  memory: { peakBytes: 1, harnessPeakBytes: 1, buffers: [] },
};

/** Stands for the device, which the tests of the GPU floor have: here the conversation is tested. */
class ScriptedSession implements GpuSession {
  readonly description = {
    id: 'scripted',
    name: 'Scripted',
    vendor: '',
    architecture: '',
    driver: null,
    backend: null,
    type: 'unknown' as const,
    features: [],
    limits: guaranteedLimits,
    peaks: null,
  };
  lose: (reason: string) => void = () => {};
  readonly lost = new Promise<string>((resolve) => {
    this.lose = resolve;
  });
  measure: GpuSession['measure'] = async () => measurement;
  measurePeaks: GpuSession['measurePeaks'] = async () => ({
    provenance: 'measured',
    bandwidthGBs: null,
    f32Gflops: null,
    f16Gflops: null,
  });
  dispose(): void {}
}

const connections: MessageConnection[] = [];
afterEach(() => {
  for (const connection of connections.splice(0)) connection.dispose();
});

/** Both ends of a conversation over streams: the child's is served, the parent's is handed out. */
function converse(session = new ScriptedSession()): { parent: MessageConnection; session: ScriptedSession } {
  const [up, down] = [new PassThrough(), new PassThrough()];
  const parent = createMessageConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
  const child = createMessageConnection(new StreamMessageReader(up), new StreamMessageWriter(down));
  connections.push(parent, child);
  serveGpu(child, {
    adapters: async () => [{ name: 'Scripted', backend: 'none' }],
    open: async (choice) => {
      if (choice === 'missing') throw new HostError('no-adapter', 'there is none');
      return session;
    },
  });
  child.listen();
  parent.listen();
  return { parent, session };
}

describe('the GPU process answers', () => {
  it('with the adapters, the device and a measurement', async () => {
    const { parent } = converse();
    expect(await parent.sendRequest(requests.adapters, {})).toEqual([{ name: 'Scripted', backend: 'none' }]);
    expect(await parent.sendRequest(requests.open, { adapter: 'auto' })).toMatchObject({ id: 'scripted' });
    expect(await parent.sendRequest(requests.open, { adapter: 'auto' })).toMatchObject({ id: 'scripted' });
    expect(await parent.sendRequest(requests.measure, copyRequest())).toEqual(measurement);
  });

  it('errors with their kind, and lives on', async () => {
    const { parent } = converse();
    await expect(parent.sendRequest(requests.open, { adapter: 'missing' })).rejects.toMatchObject({
      message: 'there is none',
      data: { kind: 'no-adapter' },
    });
    await expect(parent.sendRequest(requests.measure, copyRequest())).rejects.toMatchObject({
      message: 'measure was called before open',
      data: { kind: 'protocol' },
    });
    await parent.sendRequest(requests.open, { adapter: 'auto' });
    await expect(parent.sendRequest(requests.open, { adapter: 'software' })).rejects.toMatchObject({
      data: { kind: 'protocol' },
    });
  });

  it('a malformed request with the place of the fault', async () => {
    const { parent } = converse();
    await parent.sendRequest(requests.open, { adapter: 'auto' });
    const request = copyRequest();
    request.plan.dispatches[0]!.grid[0] = -1;
    await expect(parent.sendRequest(requests.measure, request)).rejects.toThrow(
      /plan\.dispatches\.0\.grid\.0/,
    );
    for (const params of [null, 7, 'text', [1, 2], {}]) {
      await expect(parent.sendRequest('measure', params)).rejects.toThrow();
    }
    await expect(parent.sendRequest('exec', { command: 'ls' })).rejects.toMatchObject({ code: -32601 });
    expect(await parent.sendRequest(requests.measure, copyRequest())).toEqual(measurement);
  });

  it('one measurement at a time, with progress, until it is cancelled', async () => {
    const { parent, session } = converse();
    const heard: unknown[] = [];
    parent.onNotification(notices.progress, (progress) => {
      heard.push(progress);
    });
    const progress = { phase: 'run', stage: 'copy', fraction: 0.5, patienceMs: 1000 } as const;
    session.measure = (_request, { signal, onProgress } = {}) =>
      new Promise((_resolve, reject) => {
        onProgress?.(progress);
        signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
      });
    await parent.sendRequest(requests.open, { adapter: 'auto' });
    const source = new CancellationTokenSource();
    const running = parent.sendRequest(requests.measure, copyRequest(), source.token);
    await expect(parent.sendRequest(requests.measure, copyRequest())).rejects.toThrow(/running already/);
    source.cancel();
    await expect(running).rejects.toMatchObject({ data: { kind: 'cancelled' } });
    expect(heard).toEqual([progress]);
  });

  it('and says by itself that the device was lost', async () => {
    const { parent, session } = converse();
    const lost = new Promise((resolve) => parent.onNotification(notices.lost, resolve));
    await parent.sendRequest(requests.open, { adapter: 'auto' });
    session.lose('the GPU was unplugged');
    expect(await lost).toEqual({ reason: 'the GPU was unplugged' });
  });
});
