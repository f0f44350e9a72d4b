import { type Browser, chromium } from 'playwright-core';
import { unpackChromium } from './chromium.ts';

/**
 * Starts the browser from npm without a window. It has WebGPU on its built-in software adapter, and asks
 * nothing of the network.
 */
export async function launchBrowser(): Promise<Browser> {
  const { executable, env } = await unpackChromium();
  return await chromium.launch({
    executablePath: executable,
    env: { ...definedOnly(process.env), ...env },
    args: [
      '--no-sandbox', // containers and root: the sandbox cannot be set up there
      '--disable-dev-shm-usage',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--disable-background-networking',
      '--disable-sync',
      '--disable-component-update',
    ],
  });
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
