import { compileAll, type Execution, modulesOf } from '../../../src/gpu/execution.ts';
import { Ledger } from '../../../src/gpu/ledger.ts';
import { Pace } from '../../../src/gpu/pace.ts';
import { PipelineCache } from '../../../src/gpu/pipelines.ts';
import { resetTensors } from '../../../src/gpu/poison.ts';
import { ProgressReporter } from '../../../src/gpu/progress.ts';
import { readWords } from '../../../src/gpu/readback.ts';
import { type Binds, Submitter } from '../../../src/gpu/submitter.ts';
import { uploadTensors } from '../../../src/gpu/tensors.ts';
import type { LinkedModule, Plan } from '../../../src/plans/plan.ts';
import type { TestGpu } from './device.ts';
import { request } from './handPlans.ts';

/** A plan on the device, compiled and with its buffers filled, ready to be run by hand. */
export async function prepared(gpu: TestGpu, { plan, modules }: { plan: Plan; modules: LinkedModule[] }) {
  const { guarded } = await gpu.device();
  const execution: Execution = {
    guarded,
    ledger: new Ledger(guarded),
    plan,
    modules: modulesOf(request(plan, modules)),
    cache: new PipelineCache(guarded),
    pace: new Pace(),
    reporter: new ProgressReporter(undefined),
    signal: undefined,
    deadline: Number.POSITIVE_INFINITY,
    isSoftware: true,
  };
  const tensors = await uploadTensors(execution);
  await resetTensors(execution, tensors, { keepComputed: false });
  const submitter = await Submitter.create(execution, tensors);
  const binds: Binds = { variant: 'plain', pipelines: await compileAll(execution, 'plain'), counters: null };
  const read = async (name: string) => {
    const { buffer, bytes } = tensors.get(name)!;
    const all = new Uint32Array(bytes / 4);
    for await (const { from, words } of readWords(execution, buffer, bytes)) all.set(words, from);
    return all;
  };
  return { execution, tensors, submitter, binds, read };
}
