import type { Machine } from './machine.ts';
import type { ProjectedStage } from './projection.ts';
import type { KernelTraits, Parameter } from './traits.ts';

const usedOfMachine = [
  ...['bandwidthGBs', 'f32Tflops', 'matmulTflops', 'multiprocessors', 'clockGHz'],
  ...['exponentialsPerClock', 'sharedMemoryBytesPerClock'],
];

/** What a projection rests on, a sentence each: the rates, the parameters with their range, what is left out. */
export function assumptionsOf(
  machine: Machine,
  stages: readonly ProjectedStage[],
  traits: KernelTraits,
): string[] {
  const used = [...new Set(stages.map((stage) => stage.traits ?? traits))];
  const onMatrix = used.some(({ products }) => products === 'matrix');
  const takesExponentials = stages.some(({ exponentials }) => exponentials > 0n);
  const feeds = stages.some(({ sharedMemoryBytes = 0n }) => sharedMemoryBytes > 0n);
  const unsure = machine.unverified.filter((name) => usedOfMachine.includes(name));
  const { multiprocessors, exponentialsPerClock, clockGHz, sharedMemoryBytesPerClock } = machine;
  const noClocks = multiprocessors === null || clockGHz === null;
  return [
    machine.basis === 'table'
      ? `rates of ${machine.name} are published peaks`
      : `rates of ${machine.name} were measured on it`,
    ...(unsure.length > 0 ? [`unconfirmed in the device table: ${unsure.join(', ')}`] : []),
    ...(onMatrix ? [productRate(machine)] : []),
    ...(takesExponentials && (exponentialsPerClock === null || noClocks)
      ? ['exponentials are left out: their rate on this device is not known']
      : []),
    ...(feeds && (sharedMemoryBytesPerClock === null || noClocks)
      ? ['the bound of shared memory is left out: its rate on this device is not known']
      : []),
    multiprocessors === null
      ? 'waves are left out: the number of multiprocessors is not known'
      : `workgroups run in waves on ${multiprocessors} multiprocessors`,
    ...used.flatMap(parametersOf),
  ];
}

function productRate({ matmulTflops, matmulDerating }: Machine): string {
  if (matmulTflops === null) return 'matmulTflops is not known: products run at the f32 rate';
  return matmulDerating === null
    ? 'no measured derating of the matmul peak: products are given all of it'
    : `products reach ${matmulDerating} of the matmul peak at most, as large matrix products do`;
}

function parametersOf(traits: KernelTraits): string[] {
  const line = (what: string, { least, typical, most, basis }: Parameter) =>
    `${traits.name}: ${what} ${typical} (${least} to ${most}): ${basis}`;
  return [
    line('bandwidth efficiency', traits.bandwidthEfficiency),
    line('matmul efficiency', traits.matmulEfficiency),
    line('exponentials hidden', traits.exponentialOverlap),
    line('memory and arithmetic overlapped', traits.memoryOverlap),
    line('microseconds per dispatch', traits.launchMicroseconds),
  ];
}
