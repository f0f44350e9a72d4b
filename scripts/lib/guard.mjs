// Runs a program as long as whoever started this guard lives: `node guard.mjs PROGRAM [arguments]`.
// The guard leads a process group. Its standard input is a pipe that the starter holds open and never
// writes to; when it closes, however the starter ended, the whole group is ended.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });

/** What the program started and left behind. On Windows the tree is ended by whoever stops the guard. */
function signalGroup(signal) {
  if (process.platform !== 'win32') process.kill(-process.pid, signal);
  else spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore', detached: true });
}

// The group's signals are for the program; the guard stays to tell how it ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.stdin.on('close', () => signalGroup('SIGKILL')).resume();

child.on('error', (error) => {
  process.stderr.write(`${program} could not be started: ${error.message}\n`);
  process.exit(127);
});
child.on('exit', (code, signal) => {
  if (process.platform !== 'win32') signalGroup('SIGTERM');
  process.exit(code ?? 128 + constants.signals[signal]);
});
