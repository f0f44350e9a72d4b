import { describe, expect, it } from 'vitest';
import { HostError } from '../../../src/host/errors.ts';
import { gatherRuntimeFacts, probeRuntime } from '../../../src/host/nodeFacts.ts';
import {
  type RuntimeFacts,
  type RuntimeProbe,
  resolveNodeRuntime,
  runtimeCandidates,
} from '../../../src/host/nodeRuntime.ts';

const electron: RuntimeFacts = {
  current: { path: '/opt/code/code', node: '22.15.0', electron: '35.0.0' },
  setting: null,
  shipped: null,
  onPath: [],
};

/** What each path answers; a path that is not named does not run. */
function probing(answers: Record<string, RuntimeProbe>): (path: string) => Promise<RuntimeProbe> {
  return async (path) => answers[path] ?? { ok: false, reason: 'there is no such executable file' };
}

const node = (path: string, version = '24.1.0'): RuntimeProbe => ({
  ok: true,
  path,
  node: version,
  electron: null,
});

describe('the Node that runs the GPU process', () => {
  it('is the current executable where that is plain Node, whatever the setting says', async () => {
    const current = { path: '/usr/bin/node', node: '20.11.1', electron: null };
    const facts = { ...electron, current, setting: '/other/node', onPath: ['/usr/bin/node'] };
    expect(await resolveNodeRuntime(facts, probing({}))).toEqual({
      path: '/usr/bin/node',
      version: '20.11.1',
      origin: 'current',
    });
  });

  it('is never the current executable where that is Electron or too old', () => {
    expect(runtimeCandidates(electron)).toEqual([]);
    const old = { path: '/usr/bin/node', node: '18.20.0', electron: null };
    expect(runtimeCandidates({ ...electron, current: old })).toEqual([]);
  });

  it('is the setting, then the shipped one, then the first on PATH', () => {
    const all = {
      ...electron,
      setting: '/set/node',
      shipped: '/dist/node/node',
      onPath: ['/a/node', '/b/node'],
    };
    expect(runtimeCandidates(all)).toEqual([{ path: '/set/node', origin: 'setting' }]);
    expect(runtimeCandidates({ ...all, setting: ' ' }).map(({ path }) => path)).toEqual([
      '/dist/node/node',
      '/a/node',
      '/b/node',
    ]);
  });

  it('passes over old Nodes and Electrons on PATH, and leaves shims out', async () => {
    const facts = { ...electron, onPath: ['/old/node', '/electron/node', '/shims/node'] };
    const probe = probing({
      '/old/node': node('/old/node', '18.20.0'),
      '/electron/node': { ok: true, path: '/electron/node', node: '22.15.0', electron: '35.0.0' },
      '/shims/node': node('/versions/24/node'),
    });
    expect(await resolveNodeRuntime(facts, probe)).toEqual({
      path: '/versions/24/node',
      version: '24.1.0',
      origin: 'path',
    });
  });

  it('fails with the setting named where the setting is wrong, and looks no further', async () => {
    const facts = { ...electron, setting: '/gone/node', onPath: ['/usr/bin/node'] };
    const resolving = resolveNodeRuntime(facts, probing({ '/usr/bin/node': node('/usr/bin/node') }));
    await expect(resolving).rejects.toThrow(/attentionProfiler\.nodePath.*\/gone\/node: there is no such/);
  });

  it('fails with what was tried and what to do', async () => {
    const facts = { ...electron, onPath: ['/old/node'] };
    const error = await resolveNodeRuntime(
      facts,
      probing({ '/old/node': node('/old/node', '16.0.0') }),
    ).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({ kind: 'no-node' });
    expect(String(error)).toMatch(
      /Electron.*\/old\/node is Node 16\.0\.0.*Install Node 20.*attentionProfiler\.nodePath/,
    );
  });
});

describe('asking an executable what it is', () => {
  it('knows this Node', async () => {
    expect(await probeRuntime(process.execPath)).toEqual({
      ok: true,
      path: process.execPath,
      node: process.versions.node,
      electron: null,
    });
  });

  it('refuses relative paths, missing files and folders', async () => {
    expect(await probeRuntime('node')).toEqual({ ok: false, reason: 'the path is not absolute' });
    expect(await probeRuntime('/nowhere/node')).toMatchObject({ ok: false });
    expect(await probeRuntime('/')).toMatchObject({ ok: false });
  });

  it.skipIf(process.platform === 'win32')('refuses a program that is not Node', async () => {
    expect(await probeRuntime('/bin/echo')).toEqual({ ok: false, reason: 'it does not answer as Node does' });
    expect(await probeRuntime('/bin/false')).toMatchObject({ ok: false });
  });

  it('finds the current process and absolute paths only', () => {
    const facts = gatherRuntimeFacts(null, '/nowhere');
    expect(facts.current).toEqual({ path: process.execPath, node: process.versions.node, electron: null });
    expect(facts.shipped).toBeNull();
    expect(facts.onPath.every((path) => path.startsWith('/') || /^[A-Z]:/i.test(path))).toBe(true);
  });
});
