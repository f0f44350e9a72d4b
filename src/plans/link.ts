import { link } from 'wesl/core';
import { accessorModule } from './accessors.ts';
import { instrument } from './counting/instrument.ts';
import { sha256 } from './hash.ts';
import { kernelSources } from './kernelSources.generated.ts';
import type { LinkedModule, Plan, PlanModule } from './plan.ts';

/** Kernels, by file name below the root as the linker wants it. */
const sources = Object.fromEntries(
  Object.entries(kernelSources).map(([path, text]) => [`./${path}.wesl`, text]),
);

/**
 * Links every module of a plan to plain WGSL and to its counting twin. Throws where a kernel does not link
 * or cannot be counted: both are faults of the kernel, not of the user.
 */
export async function linkPlan(plan: Plan, features: readonly string[] = []): Promise<LinkedModule[]> {
  return Promise.all(
    plan.modules.map(async (module) => {
      const wgsl = await linkModule(module, usesNativeF16(module, features));
      const entryPoint = [...plan.prologue, ...plan.dispatches].find(
        (dispatch) => dispatch.module === module.id,
      )?.entryPoint;
      if (entryPoint === undefined) throw new Error(`no dispatch uses module ${module.id}`);
      return { id: module.id, wgsl, counting: instrument(wgsl, { entryPoint }), hash: await sha256(wgsl) };
    }),
  );
}

/** Native f16 where the device has it and a tensor of the module is stored in it. */
function usesNativeF16({ tensors }: PlanModule, features: readonly string[]): boolean {
  const whole = tensors.some(({ dtype, width }) => dtype === 'f16' && width % 4 === 0);
  return whole && features.includes('shader-f16');
}

/** Sizes are u32 in the kernels: `32` becomes `32u`. */
async function linkModule(module: PlanModule, nativeF16: boolean): Promise<string> {
  const linked = await link({
    weslSrc: sources,
    rootModuleName: `./${module.source}.wesl`,
    conditions: module.conditions,
    constants: Object.fromEntries(Object.entries(module.constants).map(([name, size]) => [name, `${size}u`])),
    virtualLibs: { tensors: () => accessorModule(module.tensors, { nativeF16 }) },
    keepComments: false,
    sourceMap: false,
  });
  return nativeF16 ? `enable f16;\n${linked.dest}` : linked.dest;
}
