import { tensorLook } from '../model/tensors.ts';

/** Colours of the editor's theme as canvas understands them, read afresh on every theme change. */
export interface Theme {
  foreground: string;
  muted: string;
  background: string;
  grid: string;
  border: string;
  tooltipBackground: string;
  tooltipForeground: string;
  tooltipBorder: string;
  highContrast: boolean;
  fontFamily: string;
  fontSize: number;
  colorOf: (series: string) => string;
}

/** Theme colours of the series; the N x N matrices, which flash attention avoids, stand out in red and orange. */
const seriesColors: Record<string, string> = {
  q: '--vscode-charts-blue',
  k: '--vscode-charts-green',
  v: '--vscode-charts-purple',
  s: '--vscode-charts-red',
  p: '--vscode-charts-orange',
  o: '--vscode-charts-yellow',
  lse: '--vscode-charts-lines',
  bias: '--vscode-charts-foreground',
  device: '--vscode-charts-blue',
  wall: '--vscode-charts-lines',
};

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const read = (...names: string[]) => {
    for (const name of names) {
      const value = style.getPropertyValue(name).trim();
      if (value !== '') return value;
    }
    return getComputedStyle(document.body).color;
  };
  const { classList } = document.body;
  const foreground = read('--vscode-foreground', '--vscode-editor-foreground');
  return {
    foreground,
    muted: read('--vscode-descriptionForeground', '--vscode-foreground'),
    background: read('--vscode-editor-background'),
    grid: read('--vscode-editorWidget-border', '--vscode-panel-border', '--vscode-contrastBorder'),
    border: read('--vscode-contrastBorder', '--vscode-editor-background'),
    tooltipBackground: read('--vscode-editorHoverWidget-background', '--vscode-editor-background'),
    tooltipForeground: read('--vscode-editorHoverWidget-foreground', '--vscode-foreground'),
    tooltipBorder: read('--vscode-editorHoverWidget-border', '--vscode-contrastBorder'),
    highContrast: ['vscode-high-contrast', 'vscode-high-contrast-light'].some((name) =>
      classList.contains(name),
    ),
    fontFamily: read('--vscode-font-family'),
    fontSize: Number.parseFloat(style.getPropertyValue('--vscode-font-size')) || 13,
    colorOf: (series) => {
      const like = Object.hasOwn(seriesColors, series) ? series : tensorLook(series).like;
      return read(seriesColors[like] ?? '--vscode-charts-foreground');
    },
  };
}

/** Calls back after the editor changed its theme; VS Code swaps body classes, ids and the variables on the root. */
export function onThemeChange(callback: () => void): void {
  const observer = new MutationObserver(callback);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
