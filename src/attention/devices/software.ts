const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

/** Whether an adapter computes on the processor, by anything that it is called. */
export function isNamedSoftware(names: readonly string[]): boolean {
  return softwareNames.test(names.join(' '));
}
