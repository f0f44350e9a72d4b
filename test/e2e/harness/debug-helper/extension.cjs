const { DebugAdapterExecutable, debug } = require('vscode');

const python = process.env.ATTNPROF_TEST_PYTHON;

exports.activate = (context) => {
  context.subscriptions.push(
    debug.registerDebugAdapterDescriptorFactory('debugpy', {
      createDebugAdapterDescriptor: () => new DebugAdapterExecutable(python, ['-m', 'debugpy.adapter']),
    }),
    debug.registerDebugConfigurationProvider('debugpy', {
      // The server of the tests has no terminals.
      resolveDebugConfiguration: (_folder, config) => ({ ...config, console: 'internalConsole', python }),
    }),
  );
};
