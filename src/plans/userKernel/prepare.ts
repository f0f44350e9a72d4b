import { typeToString } from 'wesl/core';
import { instrument } from '../counting/instrument.ts';
import { sha256 } from '../hash.ts';
import type { Fill, KernelPlan, LinkedModule, PlanBinding, PlanBuffer } from '../plan.ts';
import { asProblem, inspectKernel, type KernelBinding, type KernelInterface } from './inspect.ts';
import type { KernelManifest, ManifestBinding, ManifestInit } from './manifest.ts';
import { KernelProblem } from './problem.ts';
import { sizeOfBinding } from './size.ts';
import { checkWhole, wordsOfValue } from './values.ts';

/** The one stage of a user's kernel. */
export const kernelStage = 'kernel';

/** A .npy file that fills a buffer, its path relative to the manifest. */
export interface BufferFile {
  buffer: string;
  file: string;
  bytes: number;
}

/** A user's kernel, ready for a device. */
export interface PreparedKernel {
  plan: KernelPlan;
  module: LinkedModule;
  interface: KernelInterface;
  files: BufferFile[];
  repeats: number | null;
}

/**
 * Turns a kernel and its manifest into a plan of one dispatch. `name` is what messages call it. What the
 * manifest leaves open is derived from the WGSL; where the two contradict each other it throws KernelProblem,
 * as for everything that cannot run or cannot be counted.
 */
export async function prepareKernel(
  name: string,
  wgsl: string,
  manifest: KernelManifest,
): Promise<PreparedKernel> {
  const constants = numbersOf(manifest.constants ?? {});
  const found = inspectKernel(wgsl, manifest.entryPoint ?? null, constants);
  checkConstants(found, constants);
  const given = matchBindings(found, manifest.bindings);
  const buffers: PlanBuffer[] = [];
  const bindings: PlanBinding[] = [];
  const files: BufferFile[] = [];
  for (const [index, binding] of found.bindings.entries()) {
    const wanted = given.get(binding) ?? {};
    checkSaid(binding, wanted);
    const bytes = sizeOfBinding(binding, wanted);
    const init = wanted.init ?? defaultInit(binding);
    buffers.push({
      name: binding.name,
      role: binding.space === 'uniform' ? 'table' : binding.writable ? 'output' : 'input',
      bytes,
      // Halves are drawn in pairs, everything else is looked at as words.
      elements:
        binding.scalar === 'f16' && init.kind === 'normal'
          ? { dtype: 'f16', width: 2 }
          : { dtype: 'f32', width: 1 },
      fill:
        wanted.values === undefined
          ? fillOf(binding, init, index)
          : {
              kind: 'words',
              words: wordsOfValue(wanted.values, binding.type, bytes, found.kernel, binding.name),
            },
    });
    bindings.push({
      group: binding.group,
      binding: binding.binding,
      buffer: binding.name,
      offset: 0,
      size: bytes,
    });
    if (wanted.values === undefined && init.kind === 'file') {
      files.push({ buffer: binding.name, file: init.file, bytes });
    }
  }
  const module = await linkedModule(name, wgsl, found, constants);
  const written = new Set(found.bindings.filter(({ writable }) => writable).map((each) => each.name));
  const plan: KernelPlan = {
    algorithm: module.id,
    buffers,
    prologue: [],
    dispatches: [
      {
        stage: kernelStage,
        module: module.id,
        entryPoint: found.entryPoint,
        grid: [...manifest.dispatch],
        bindings,
        params: [],
        groupOffsetWord: 0,
      },
    ],
    stages: [kernelStage],
    readsWritten: module.counting.sites.some(({ kind, buffer }) => kind === 'load' && written.has(buffer)),
  };
  return { plan, module, interface: found, files, repeats: manifest.repeats ?? null };
}

async function linkedModule(
  name: string,
  wgsl: string,
  found: KernelInterface,
  constants: Record<string, number>,
): Promise<LinkedModule> {
  const { entryPoint, takenInGroup0, overrides } = found;
  let counterBinding = 0;
  while (takenInGroup0.includes(counterBinding)) counterBinding++;
  const counting = asProblem(() => instrument(wgsl, { entryPoint, counterBinding }));
  // WebGPU knows an override with an id by that alone.
  const byKey = Object.fromEntries(
    Object.entries(constants).map(([key, value]) => {
      const id = overrides.find((override) => override.name === key)?.id;
      return [id === null || id === undefined ? key : String(id), value];
    }),
  );
  return {
    id: planName(name),
    wgsl,
    constants: byKey,
    counting,
    hash: await sha256(`${wgsl}\n${JSON.stringify(byKey)}`),
  };
}

/** A file name as plans may be called: it goes into messages and a channel that takes plain names only. */
function planName(name: string): string {
  const plain = name.replace(/[^\w./ -]+/g, '_').slice(-100);
  return /^[A-Za-z]/.test(plain) ? plain : `kernel ${plain}`.trim();
}

/** The manifest's entry for each binding; those without one are not in the map. */
function matchBindings(
  { bindings, kernel, entryPoint }: KernelInterface,
  entries: KernelManifest['bindings'],
): Map<KernelBinding, ManifestBinding> {
  const given = new Map<KernelBinding, ManifestBinding>();
  for (const [key, entry] of Object.entries(entries)) {
    const place = /^(?:(\d{1,2})\.)?(\d{1,6})$/.exec(key);
    const binding = bindings.find((each) =>
      place ? each.group === Number(place[1] ?? 0) && each.binding === Number(place[2]) : each.name === key,
    );
    if (!binding) {
      const unused = kernel.globals.some((variable) => variable.name.decl.ident.originalName === key);
      const has = bindings.map((each) => `${placeOf(each)} ${each.name}`).join(', ') || 'none';
      throw problem(
        unused
          ? `"bindings" has ${key}, which ${entryPoint} does not use: leave it out.`
          : `"bindings" has ${JSON.stringify(key)}, but the kernel's bindings are: ${has}.`,
      );
    }
    if (given.has(binding)) throw problem(`"bindings" has ${binding.name} twice, by name and by number.`);
    given.set(binding, entry);
  }
  return given;
}

/** What the manifest says of a binding must be what the WGSL says. */
function checkSaid(binding: KernelBinding, wanted: ManifestBinding): void {
  const { name, space, typeText } = binding;
  if (wanted.name !== undefined && wanted.name !== name) {
    throw problem(
      `binding ${placeOf(binding)} is called ${name} in the kernel, ${wanted.name} in the manifest.`,
    );
  }
  const element = binding.type.kind === 'array' ? typeToString(binding.type.elem) : typeText;
  if (
    wanted.type !== undefined &&
    ![plainType(element), plainType(typeText)].includes(plainType(wanted.type))
  ) {
    throw problem(`${name} is made of ${element} in the kernel, of ${wanted.type} in the manifest.`);
  }
  if (wanted.init && wanted.values !== undefined) throw problem(`${name} has "init" and "values": give one.`);
  if (space === 'uniform' && wanted.values === undefined) {
    throw problem(`${name} is a uniform of type ${typeText}: give its "values".`);
  }
}

/** `vec4f` and `vec4 < f32 >` are `vec4<f32>`. */
function plainType(type: string): string {
  const letters: Record<string, string> = { f: 'f32', h: 'f16', i: 'i32', u: 'u32' };
  return type
    .replace(/\s+/g, '')
    .replace(/\b(vec[234]|mat[234]x[234])([fhiu])\b/g, (_, shape, letter) => `${shape}<${letters[letter]}>`);
}

/** Random numbers in what is only read, zeros in what is written or has no single type. */
function defaultInit({ writable, scalar }: KernelBinding): ManifestInit {
  const isFloat = scalar === 'f32' || scalar === 'f16';
  return !writable && isFloat ? { kind: 'normal', seed: 0 } : { kind: 'zeros' };
}

function fillOf(binding: KernelBinding, init: ManifestInit, index: number): Fill {
  const { name, scalar, typeText } = binding;
  const needs = (what: string) => {
    if (scalar) return scalar;
    throw problem(
      `${name} is ${typeText}, of several types: ${what} needs one. Give zeros, "values" or a file.`,
    );
  };
  switch (init.kind) {
    case 'zeros':
      return { kind: 'zero' };
    case 'file':
      return { kind: 'given' };
    case 'normal': {
      const type = needs('"normal"');
      if (type === 'f32' || type === 'f16') return { kind: 'normal', seed: init.seed, stream: index };
      throw problem(`${name} is made of ${type}: "normal" is for f32 and f16, give "sequence" or a file.`);
    }
    case 'sequence':
    case 'value': {
      const type = needs(`"${init.kind}"`);
      const { start, step } = init.kind === 'value' ? { start: init.value, step: 0 } : init;
      if (type === 'i32' || type === 'u32') {
        checkWhole(start, type, `${name}: "${init.kind}"`);
        checkWhole(step, 'i32', `${name}: "step"`);
      }
      return { kind: 'sequence', type, start, step };
    }
  }
}

function checkConstants({ overrides }: KernelInterface, constants: Record<string, number>): void {
  const names = overrides.map(({ name }) => name);
  for (const name of Object.keys(constants)) {
    if (names.includes(name)) continue;
    throw problem(
      `"constants" has ${JSON.stringify(name)}, but the kernel's overrides are: ${names.join(', ') || 'none'}.`,
    );
  }
  for (const { name, hasDefault } of overrides) {
    if (!hasDefault && !Object.hasOwn(constants, name)) {
      throw problem(`override ${name} has no default: give its value in "constants".`);
    }
  }
}

function numbersOf(constants: Record<string, number | boolean>): Record<string, number> {
  return Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, Number(value)]));
}

/** `2`, or `1.2` outside of group 0. */
export function placeOf({ group, binding }: Pick<KernelBinding, 'group' | 'binding'>): string {
  return group === 0 ? String(binding) : `${group}.${binding}`;
}

function problem(message: string): KernelProblem {
  return new KernelProblem('manifest', message);
}
