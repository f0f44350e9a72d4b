const { DebugAdapterExecutable, debug, workspace } = require('vscode');

const python = process.env.ATTNPROF_TEST_PYTHON;

exports.activate = (context) => {
  // A setting of the machine counts only where it is set on the machine, which an extension there can do.
  workspace.getConfiguration('attentionProfiler').update('pythonPath', python, true);
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
