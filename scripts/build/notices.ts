import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../lib/root.mjs';

const modules = join(projectRoot, 'node_modules');

/** Parts that no bundle mentions: whole files that are shipped beside them. */
const shippedWhole = [
  {
    title:
      'SwiftShader and the Vulkan loader (Apache-2.0), https://github.com/google/swiftshader, https://github.com/KhronosGroup/Vulkan-Loader',
    license: join(modules, 'typescript/LICENSE'),
    only: /^\s*Apache License[\s\S]*END OF TERMS AND CONDITIONS/,
  },
];

/**
 * The licences of everything in `dist` that others wrote.
 *
 * @param inputs files that went into the bundles, as the bundler names them
 */
export function thirdPartyNotices(inputs: Iterable<string>): string {
  const names = new Set<string>(['webgpu', 'web-tree-sitter', 'tree-sitter-python']);
  for (const input of inputs) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input.replaceAll('\\', '/'))?.[1];
    if (name !== undefined) names.add(name);
  }
  const sections = [...names].sort().map((name) => {
    const folder = join(modules, name);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const texts = globSync('{LICEN[CS]E,Licen[cs]e,licen[cs]e,NOTICE,thirdpartynotices}*', { cwd: folder })
      .filter((file) => existsSync(join(folder, file)))
      .map((file) => readFileSync(join(folder, file), 'utf8').trim());
    return [`${name} ${manifest.version} (${manifest.license})`, ...texts].join('\n\n');
  });
  for (const part of shippedWhole) {
    const text = readFileSync(part.license, 'utf8');
    sections.push(`${part.title}\n\n${part.only.exec(text)?.[0].trim() ?? text}`);
  }
  const line = `\n\n${'-'.repeat(80)}\n\n`;
  return `Attention Profiler contains the following works of others.${line}${sections.join(line)}\n`;
}
