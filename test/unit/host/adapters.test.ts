import { describe, expect, it } from 'vitest';
import {
  type AdapterFacts,
  isNamed,
  isSoftware,
  matchByName,
  noAdapterMessage,
  normalizedName,
  parseAdapterList,
  sourcesFor,
} from '../../../src/host/adapters.ts';

describe('the adapter listing in an error of Dawn', () => {
  it('gives names and backends', () => {
    const message = [
      'no suitable backends found',
      'Available adapters:',
      " * backend: 'vulkan', name: 'NVIDIA GeForce RTX 3080'",
      " * backend: 'vulkan', name: 'llvmpipe (LLVM 15.0.6, 256 bits)'",
      " * backend: 'null', name: 'Null backend'",
    ].join('\n');
    expect(parseAdapterList(message)).toEqual([
      { name: 'NVIDIA GeForce RTX 3080', backend: 'vulkan' },
      { name: 'llvmpipe (LLVM 15.0.6, 256 bits)', backend: 'vulkan' },
    ]);
  });

  it('keeps a quote within a name and names an adapter once', () => {
    const line = " * backend: 'd3d12', name: 'Maker's GPU'";
    expect(parseAdapterList(`${line}\n${line}`)).toEqual([{ name: "Maker's GPU", backend: 'd3d12' }]);
  });

  it('tolerates other quotes and a missing backend', () => {
    expect(parseAdapterList('- name: "Apple M2", backend: "metal"')).toEqual([
      { name: 'Apple M2', backend: 'metal' },
    ]);
    expect(parseAdapterList('name: Apple M2, something else')).toEqual([{ name: 'Apple M2', backend: '' }]);
  });

  it('is empty where nothing can be read', () => {
    expect(parseAdapterList('')).toEqual([]);
    expect(parseAdapterList('the device was lost\nAvailable adapters:\n')).toEqual([]);
  });
});

describe('software adapters', () => {
  const hardware: AdapterFacts = {
    vendor: 'nvidia',
    architecture: 'ampere',
    device: 'nvidia-geforce-rtx-3080',
    description: 'NVIDIA driver',
    isFallbackAdapter: false,
  };

  it('are known by the flag of WebGPU', () => {
    expect(isSoftware(hardware)).toBe(false);
    expect(isSoftware({ ...hardware, isFallbackAdapter: true })).toBe(true);
  });

  it.each([
    { vendor: 'google', architecture: 'swiftshader' },
    { vendor: 'mesa', architecture: '', device: 'llvmpipe-llvm-15-0-6-256-bits-' },
    { vendor: 'microsoft', architecture: 'warp' },
    { vendor: 'microsoft', architecture: '', description: 'Microsoft Basic Render Driver' },
  ])('are known by name: $vendor $architecture', (facts) => {
    expect(isSoftware({ ...hardware, device: '', description: '', ...facts })).toBe(true);
  });
});

describe('choosing', () => {
  it('asks the system before the embedded adapter', () => {
    expect(sourcesFor('auto', true)).toEqual(['system', 'embedded']);
    expect(sourcesFor('software', true)).toEqual(['system', 'embedded']);
    expect(sourcesFor('swift', true)).toEqual(['system', 'embedded']);
    expect(sourcesFor('auto', false)).toEqual(['system']);
    expect(sourcesFor('hardware', true)).toEqual(['system']);
    expect(sourcesFor('embedded', true)).toEqual(['embedded']);
  });

  it('matches a name anywhere, in any case, an equal one before one that contains it', () => {
    const listed = ['RTX 3080 Ti', 'RTX 3080', 'Radeon'].map((name) => ({ name, backend: 'vulkan' }));
    expect(matchByName(listed, 'rtx 3080').map(({ name }) => name)).toEqual(['RTX 3080']);
    expect(matchByName(listed, 'rtx').map(({ name }) => name)).toEqual(['RTX 3080 Ti', 'RTX 3080']);
    expect(matchByName(listed, 'arc')).toEqual([]);
    expect(['auto', 'hardware', 'software', 'embedded'].some(isNamed)).toBe(false);
    expect(isNamed('rtx')).toBe(true);
  });

  it("normalizes names as WebGPU's adapter info does", () => {
    expect(normalizedName('SwiftShader Device (Subzero)')).toBe('swiftshader-device-subzero-');
  });

  it('says why there is none, and what to do', () => {
    expect(noAdapterMessage('auto', [], 'linux')).toMatch(/No GPU adapter.*Vulkan.*vulkaninfo/);
    expect(noAdapterMessage('auto', [], 'win32')).toMatch(/Direct3D 12/);
    const listed = [{ name: 'llvmpipe', backend: 'vulkan' }];
    expect(noAdapterMessage('hardware', listed, 'linux')).toMatch(/only software, "llvmpipe"/);
    expect(noAdapterMessage('A100', listed, 'linux')).toMatch(/"A100".*"llvmpipe"/);
  });
});
