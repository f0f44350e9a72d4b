import type { DeviceDescription } from '../attention/limits.ts';
import type { PreparedKernel } from '../plans/userKernel/prepare.ts';
import { KernelProblem } from '../plans/userKernel/problem.ts';

/** The feature of a device behind an `enable` directive. */
const features: Readonly<Record<string, string>> = { f16: 'shader-f16', subgroups: 'subgroups' };

/** What WebGPU guarantees for a uniform buffer, and most devices have. */
const maxUniformBytes = 65_536;

/** Why a kernel cannot run, or cannot be counted, on a device; null where nothing known is in the way. */
export function obstacleOnDevice(
  { plan, interface: found, module }: PreparedKernel,
  { name, features: has, limits }: DeviceDescription,
): KernelProblem | null {
  for (const { name: extension, line } of found.enables) {
    const feature = Object.hasOwn(features, extension) ? features[extension]! : null;
    if (feature === null) return kernel(`"enable ${extension}" on line ${line} is not supported here.`, line);
    if (has.includes(feature)) continue;
    const what = `"enable ${extension}" on line ${line} needs the device feature ${feature}`;
    return kernel(`${what}, which ${name} does not have. Choose another adapter.`, line);
  }
  const { maxComputeWorkgroupsPerDimension, maxStorageBuffersPerShaderStage, maxBufferSize } = limits;
  const grid = plan.dispatches[0]!.grid;
  const wide = Math.max(...grid);
  if (wide > maxComputeWorkgroupsPerDimension) {
    const limit = `${name} allows ${maxComputeWorkgroupsPerDimension} in a dimension`;
    return manifest(`"dispatch" has ${wide} workgroups, but ${limit}. Spread them over x, y and z.`);
  }
  const storage = found.bindings.filter(({ space }) => space === 'storage').length;
  const counters = module.counting.sites.length > 0 ? 1 : 0;
  if (storage + counters > maxStorageBuffersPerShaderStage) {
    const limit = `${name} allows ${maxStorageBuffersPerShaderStage}`;
    return kernel(
      `It uses ${storage} storage buffers, and counting needs one more; ${limit}. Merge two, or choose another adapter.`,
      found.entryLine,
    );
  }
  for (const { name: buffer, bytes, role } of plan.buffers) {
    const [limit, of] =
      role === 'table'
        ? [maxUniformBytes, 'a uniform buffer']
        : [Math.min(maxBufferSize, limits.maxStorageBufferBindingSize), 'a storage buffer'];
    if (bytes > limit)
      return manifest(`${buffer} has ${bytes} bytes; ${of} of ${name} has at most ${limit}.`);
  }
  return null;
}

function kernel(message: string, line: number): KernelProblem {
  return new KernelProblem('kernel', message, line);
}

function manifest(message: string): KernelProblem {
  return new KernelProblem('manifest', message);
}
