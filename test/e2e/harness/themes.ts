/** The themes that pictures and contrast checks are made in: the palette's title, and the class the workbench then has. */
export const themes = {
  light: { command: 'Test: Light Theme', workbenchClass: 'vs', setting: 'Light Modern' },
  dark: { command: 'Test: Dark Theme', workbenchClass: 'vs-dark', setting: 'Dark Modern' },
  highContrast: {
    command: 'Test: High Contrast Theme',
    workbenchClass: 'hc-black',
    setting: 'Default High Contrast',
  },
  highContrastLight: {
    command: 'Test: High Contrast Light Theme',
    workbenchClass: 'hc-light',
    setting: 'Default High Contrast Light',
  },
} as const;

export type Theme = keyof typeof themes;
