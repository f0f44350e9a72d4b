import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { childEnvironment } from '../../../src/host/childEnvironment.ts';

const root = mkdtempSync(join(tmpdir(), 'environment-'));
const embedded = join(root, 'embedded');
const linked = join(root, 'linked');
mkdirSync(embedded);
symlinkSync(embedded, linked, 'junction');
afterAll(() => rmSync(root, { recursive: true }));

const manifest = join(embedded, 'vk_swiftshader_icd.json');

describe('the environment of a GPU process', () => {
  it('shows the embedded adapter alone to an embedded one', () => {
    const environment = childEnvironment('embedded', embedded, {
      PATH: '/bin',
      LD_LIBRARY_PATH: '/opt/lib',
      VK_DRIVER_FILES: '/etc/nvidia.json',
      VK_LOADER_DRIVERS_SELECT: '*nvidia*',
    });
    expect(environment).toEqual({
      PATH: '/bin',
      LD_LIBRARY_PATH: [embedded, '/opt/lib'].join(delimiter),
      VK_ICD_FILENAMES: manifest,
      ELECTRON_RUN_AS_NODE: '1',
    });
  });

  it('hides the embedded adapter from a system one, by whatever path it is named', () => {
    const environment = childEnvironment('system', embedded, {
      LD_LIBRARY_PATH: [linked, '/opt/lib'].join(delimiter),
      VK_ICD_FILENAMES: [join(linked, 'vk_swiftshader_icd.json'), '/etc/nvidia.json'].join(delimiter),
      VK_DRIVER_FILES: manifest,
    });
    expect(environment).toEqual({
      LD_LIBRARY_PATH: '/opt/lib',
      VK_ICD_FILENAMES: '/etc/nvidia.json',
      ELECTRON_RUN_AS_NODE: '1',
    });
  });

  it('passes on nothing that the editor or Node set for themselves', () => {
    const environment = childEnvironment('system', embedded, {
      HOME: '/home/someone',
      NODE_OPTIONS: '--require /somewhere/debugger.js',
      NODE_CHANNEL_FD: '3',
      VSCODE_IPC_HOOK: '/run/hook',
      ELECTRON_NO_ATTACH_CONSOLE: '1',
      CUDA_VISIBLE_DEVICES: '1',
      EMPTY: undefined,
    });
    expect(environment).toEqual({
      HOME: '/home/someone',
      CUDA_VISIBLE_DEVICES: '1',
      ELECTRON_RUN_AS_NODE: '1',
    });
  });
});
