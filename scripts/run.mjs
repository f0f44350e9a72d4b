// Every npm script starts here: `node scripts/run.mjs TASK [arguments]`.
// It needs nothing but the Node that npm came with, puts the packages in place where they are missing,
// and hands over to scripts/tasks/TASK.ts under the project's own Node, which runs TypeScript as it is.

const oldestNode = 20;
const major = Number(process.versions.node.split('.')[0]);

if (major < oldestNode) {
  console.error(
    `Attention Profiler needs Node ${oldestNode} or newer to install itself, and this is Node ${process.versions.node}. ` +
      'Install a newer Node (https://nodejs.org) and run the command again.',
  );
  process.exitCode = 1;
} else {
  const { launch } = await import('./lib/launch.mjs');
  await launch(process.argv[2], process.argv.slice(3));
}
