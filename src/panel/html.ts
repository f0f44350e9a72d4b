export interface PanelHtmlOptions {
  /** `webview.cspSource`: where styles, fonts and images may come from. */
  cspSource: string;
  /** At least 128 random bits from a cryptographic source, new for every page. */
  nonce: string;
  scriptUri: string;
  styleUri: string;
  title: string;
}

/** The policy of the page: our own script by nonce, our own styles, nothing else and no network. */
export function panelCsp(cspSource: string, nonce: string): string {
  return [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource}`,
    `font-src ${cspSource}`,
    `img-src ${cspSource}`,
    `connect-src 'none'`,
    `form-action 'none'`,
    `base-uri 'none'`,
    `frame-src 'none'`,
  ].join('; ');
}

/**
 * The panel's page. It carries no data: that comes as messages after the page said `ready`.
 * Throws where the nonce could not be one, because a guessable nonce protects nothing.
 */
export function panelHtml(options: PanelHtmlOptions): string {
  const { cspSource, nonce, scriptUri, styleUri, title } = options;
  if (!/^[A-Za-z0-9+/=_-]{22,}$/.test(nonce)) {
    throw new Error('the panel needs a nonce of at least 128 bits in base64 or hex');
  }
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(panelCsp(cspSource, nonce))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeHtml(styleUri)}">
<title>${escapeHtml(title)}</title>
</head>
<body>
<main id="panel"></main>
<script nonce="${escapeHtml(nonce)}" src="${escapeHtml(scriptUri)}"></script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
