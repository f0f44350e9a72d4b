import { HostError } from './errors.ts';

/** The oldest Node that runs the GPU process. */
export const oldestNode = 20;

/** What the machine offers, gathered by `nodeFacts.ts`; plain data, so that the decision can be tested. */
export interface RuntimeFacts {
  current: { path: string; node: string; electron: string | null };
  /** The user's setting; null or empty where there is none. */
  setting: string | null;
  /** Node as shipped with the product, where this package has one. */
  shipped: string | null;
  /** Absolute paths of executables called node in the folders of PATH, in its order. */
  onPath: string[];
}

export type RuntimeOrigin = 'current' | 'setting' | 'shipped' | 'path';

export interface RuntimeCandidate {
  path: string;
  origin: RuntimeOrigin;
}

/** What an executable said about itself. */
export type RuntimeProbe =
  | { ok: true; path: string; node: string; electron: string | null }
  | { ok: false; reason: string };

export interface NodeRuntime {
  path: string;
  version: string;
  origin: RuntimeOrigin;
}

/** How to give a Node by hand; shown in every message that ends in "there is none". */
export const nodePathSetting = 'attentionProfiler.nodePath';

/** What to do where no plain Node is at hand. */
export const nodeAdvice =
  `Install Node ${oldestNode} or newer (nodejs.org) and put it on PATH, or set ` +
  `"${nodePathSetting}" to the absolute path of its executable.`;

/**
 * The executables to try, in order: the current one unless it is Electron (whose V8 forbids the external
 * buffers that Dawn maps GPU memory as), else the setting, else the shipped Node, else those on PATH. A
 * setting stands alone: a wrong one is an error to show, not to pass over.
 */
export function runtimeCandidates(facts: RuntimeFacts): RuntimeCandidate[] {
  const { current, setting, shipped, onPath } = facts;
  if (current.electron === null && majorOf(current.node) >= oldestNode) {
    return [{ path: current.path, origin: 'current' }];
  }
  if (setting !== null && setting.trim() !== '') return [{ path: setting.trim(), origin: 'setting' }];
  const rest: RuntimeCandidate[] = onPath.map((path) => ({ path, origin: 'path' }));
  return shipped === null ? rest : [{ path: shipped, origin: 'shipped' }, ...rest];
}

/** Why this executable cannot run the GPU process, or null where it can. */
export function refusal(candidate: RuntimeCandidate, probe: RuntimeProbe): string | null {
  if (!probe.ok) return `${candidate.path}: ${probe.reason}`;
  if (probe.electron !== null) {
    return `${candidate.path} is Electron ${probe.electron}, which cannot read GPU memory`;
  }
  if (!(majorOf(probe.node) >= oldestNode)) {
    return `${candidate.path} is Node ${probe.node}, older than ${oldestNode}`;
  }
  return null;
}

/**
 * Finds a plain Node to run the GPU process with, asking each candidate what it is.
 * @throws HostError `no-node`, saying what was tried and what to do
 */
export async function resolveNodeRuntime(
  facts: RuntimeFacts,
  probe: (path: string) => Promise<RuntimeProbe>,
): Promise<NodeRuntime> {
  const refusals: string[] = [];
  for (const candidate of runtimeCandidates(facts)) {
    if (candidate.origin === 'current') {
      return { path: candidate.path, version: facts.current.node, origin: 'current' };
    }
    const found = await probe(candidate.path);
    const why = refusal(candidate, found);
    // The path that the executable gives is the real one: a version manager's shim is left out.
    if (why === null && found.ok) return { path: found.path, version: found.node, origin: candidate.origin };
    if (candidate.origin === 'setting') {
      throw new HostError(
        'no-node',
        `The setting "${nodePathSetting}" does not name a usable Node: ${why}. ${nodeAdvice}`,
      );
    }
    if (why !== null) refusals.push(why);
  }
  const tried = refusals.length === 0 ? 'none is on PATH' : refusals.join('; ');
  const host =
    facts.current.electron === null ? `Node ${facts.current.node}` : 'Electron, which cannot read GPU memory';
  throw new HostError(
    'no-node',
    `Kernels run in a plain Node process, and none was found: this is ${host}; ${tried}. ${nodeAdvice}`,
  );
}

function majorOf(version: string): number {
  return Number(/^v?(\d+)\./.exec(version)?.[1] ?? Number.NaN);
}
