import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../../src/attention/catalogue.ts';
import {
  activationEvents,
  type CommandContribution,
  callSitesMenuItem,
  callSitesView,
  category,
  commands,
  contextKeys,
  kernelMenuItem,
  kernelMenus,
  panelViewType,
  settings,
  settingsSection,
} from '../../../src/editor/contributions.ts';
import { manifestEnding } from '../../../src/profiler/kernelManifest.ts';

const root = join(import.meta.dirname, '../../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const strings: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8'));
const commandEntries: [string, CommandContribution][] = Object.entries(commands);

describe('package.json against the declarations', () => {
  test('commands, with their category, title and enablement', () => {
    const expected = commandEntries.map(([command, { enablement, icon }]) => ({
      command,
      title: `%command.${command.replace('attention.', '')}%`,
      category,
      ...(enablement ? { enablement } : {}),
      ...(icon ? { icon } : {}),
    }));
    expect(manifest.contributes.commands).toEqual(expected);
  });

  test('commands that need an argument are not in the palette', () => {
    const hidden = commandEntries.filter(([, { palette }]) => !palette);
    expect(manifest.contributes.menus.commandPalette).toEqual(
      hidden.map(([command]) => ({ command, when: 'false' })),
    );
  });

  test('a WGSL kernel is profiled from the menus of its file', () => {
    for (const menu of kernelMenus) expect(manifest.contributes.menus[menu]).toEqual([kernelMenuItem]);
    const patterns = manifest.contributes.jsonValidation.map(
      ({ fileMatch }: { fileMatch: string }) => fileMatch,
    );
    expect(patterns).toContain(`*${manifestEnding}`);
  });

  test('the view of call sites, hidden until it was asked for, with its button', () => {
    expect(manifest.contributes.views).toEqual({ explorer: [callSitesView] });
    expect(manifest.contributes.menus['view/title']).toEqual([callSitesMenuItem]);
  });

  test('settings, with default, scope and range', () => {
    const { properties } = manifest.contributes.configuration;
    expect(Object.keys(properties)).toEqual(
      Object.keys(settings).map((name) => `${settingsSection}.${name}`),
    );
    for (const [name, { default: value, scope, minimum, maximum }] of Object.entries(settings)) {
      const property = properties[`${settingsSection}.${name}`];
      expect(property).toMatchObject({ default: value, scope, markdownDescription: `%setting.${name}%` });
      expect([property.minimum, property.maximum]).toEqual([minimum, maximum]);
    }
  });

  test('the algorithms that a user may choose are those of the catalogue', () => {
    const { items } = manifest.contributes.configuration.properties[`${settingsSection}.algorithms`];
    expect(items.enum).toEqual(catalogue.map(({ id }) => id));
    expect(items.enumDescriptions).toHaveLength(items.enum.length);
  });

  test('activation: a document with a language, a panel left open, and nothing at start-up', () => {
    expect(manifest.activationEvents).toEqual(activationEvents);
    expect(activationEvents).toContain(`onWebviewPanel:${panelViewType}`);
  });

  test('Restricted Mode: limited, said why, and every restricted setting named', () => {
    const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
    const restricted = Object.entries(settings).filter(([, setting]) => setting.restricted);
    expect(untrustedWorkspaces.supported).toBe('limited');
    expect(untrustedWorkspaces.restrictedConfigurations).toEqual(
      restricted.map(([name]) => `${settingsSection}.${name}`),
    );
    expect(virtualWorkspaces.supported).toBe('limited');
    for (const { description } of [untrustedWorkspaces, virtualWorkspaces]) {
      expect(strings[description.replaceAll('%', '')]).toMatch(/\.$/);
    }
  });

  test('no workspace can name the program that runs', () => {
    expect(settings.nodePath).toMatchObject({ scope: 'machine', restricted: true });
    expect(settings.pythonPath).toMatchObject({ scope: 'machine', restricted: true });
  });

  test('it runs where the workspace is, from the bundle that the build writes', () => {
    expect(manifest.extensionKind).toEqual(['workspace']);
    expect(manifest.main).toBe('./dist/extension.cjs');
  });

  test('every text stands in package.nls.json, and every text there is used', () => {
    const used = [...JSON.stringify(manifest).matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);
    expect([...new Set(used)].sort()).toEqual(Object.keys(strings).sort());
  });

  test('titles are short and plain', () => {
    for (const [key, text] of Object.entries(strings)) {
      expect(text, key).not.toBe('');
      if (key.startsWith('command.')) expect(text.length, key).toBeLessThan(40);
    }
  });

  test('the icon is a PNG of at least 128 pixels', () => {
    const png = readFileSync(join(root, manifest.icon));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(Math.min(png.readUInt32BE(16), png.readUInt32BE(20))).toBeGreaterThanOrEqual(128);
  });

  test('context keys in when clauses are declared', () => {
    const keys = [...JSON.stringify(manifest).matchAll(/attentionProfiler\.(\w+)/g)].map(([key]) => key);
    const known = [
      ...Object.values(contextKeys),
      ...Object.keys(settings).map((name) => `${settingsSection}.${name}`),
    ];
    expect([...new Set(keys)].filter((key) => !known.includes(key))).toEqual([]);
  });
});

test('ids are written once: no other source of the editor spells a setting or a context key', () => {
  const folder = join(root, 'src/editor');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  for (const file of files.filter((name) => name !== 'contributions.ts')) {
    expect(readFileSync(join(folder, file), 'utf8'), file).not.toMatch(/attentionProfiler\./);
  }
});
