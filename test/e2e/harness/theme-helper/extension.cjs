const { commands, ConfigurationTarget, workspace } = require('vscode');

const themes = {
  light: 'Light Modern',
  dark: 'Dark Modern',
  highContrast: 'Default High Contrast',
  highContrastLight: 'Default High Contrast Light',
};

exports.activate = (context) => {
  for (const [name, theme] of Object.entries(themes)) {
    context.subscriptions.push(
      commands.registerCommand(`themeHelper.${name}`, () =>
        workspace.getConfiguration('workbench').update('colorTheme', theme, ConfigurationTarget.Global),
      ),
    );
  }
};
