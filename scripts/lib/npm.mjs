import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { SetupError } from './setupError.mjs';

/** PATH without any node_modules/.bin: npm must not run on a Node that it is about to replace. */
function outerPath() {
  const entries = (process.env.PATH ?? '').split(delimiter);
  return entries.filter((entry) => !entry.includes(`node_modules${sep}.bin`)).join(delimiter);
}

/** A Node that lies outside every node_modules folder. */
function outerNode() {
  if (!realpathSync(process.execPath).includes(`${sep}node_modules${sep}`)) return process.execPath;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const found = outerPath()
    .split(delimiter)
    .map((entry) => join(entry, name))
    .find((file) => existsSync(file));
  return found ?? process.execPath;
}

/**
 * Runs npm in a folder, with a sign of life every ten seconds, and explains what went wrong.
 *
 * @param {string[]} args
 * @param {{ cwd: string, what: string }} options `what` is said while it runs: "Installing packages"
 */
export async function runNpm(args, { cwd, what }) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  process.stderr.write(`${what} ...\n`);
  const alive = setInterval(() => process.stderr.write(`${what} ... ${seconds()}\n`), 10_000);
  try {
    const { code, output } = await spawnNpm(args, cwd);
    if (code !== 0) throw new SetupError(explainNpmFailure(what, args, cwd, output));
    process.stderr.write(`${what}: done in ${seconds()}\n`);
  } finally {
    clearInterval(alive);
  }
}

function spawnNpm(args, cwd) {
  const cli = process.env.npm_execpath;
  const useCli = cli?.endsWith('npm-cli.js') && existsSync(cli);
  const [command, commandArgs] = useCli ? [outerNode(), [cli, ...args]] : ['npm', args];
  const env = { ...process.env, PATH: outerPath() };
  // npm hands its own settings of the running script down to children; the folder's own shall count.
  for (const name of Object.keys(env)) if (/^npm_(package|lifecycle)_/.test(name)) delete env[name];
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArgs, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: !useCli && process.platform === 'win32',
    });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) =>
      reject(
        new SetupError(`npm could not be started (${error.message}). Install Node with npm and try again.`),
      ),
    );
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** The commonest reasons for which npm fails, each with the next step. */
const reasons = [
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/,
    'the package registry cannot be reached. Check the network, or the proxy and registry that `npm config ls` shows',
  ],
  [
    /CERT_|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/,
    "the registry's certificate is not trusted. Behind a company proxy, name its certificate with `npm config set cafile FILE`",
  ],
  [/ENOSPC/, 'the disk is full. About 1.5 GB are needed here and in the temporary folder'],
  [
    /EACCES|EPERM|EROFS/,
    "a file may not be written. Check who owns this folder and npm's cache (`npm config get cache`)",
  ],
  [
    /\bE40[13]\b/,
    'the registry refused. Log in with `npm login`, or check the registry that `npm config ls` shows',
  ],
  [
    /EINTEGRITY/,
    'a package differs from the one in the lock file. Run `npm cache clean --force` and try again',
  ],
  [/ETARGET|\bE404\b/, 'the registry lacks a package. If it is a mirror, it may be behind'],
];

/**
 * @param {string} what
 * @param {string[]} args
 * @param {string} cwd
 * @param {string} output the last of what npm printed
 * @returns {string} cause and next step
 */
export function explainNpmFailure(what, args, cwd, output) {
  const reason = reasons.find(([pattern]) => pattern.test(output))?.[1];
  const tail = output.trim().split('\n').slice(-12).join('\n');
  const cause = reason === undefined ? 'npm failed; its last lines are above' : reason;
  return `${tail}\n\n${what} failed: ${cause}. Then run the command again.\n(npm ${args.join(' ')}, in ${cwd})`;
}
