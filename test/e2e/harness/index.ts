export { launchBrowser } from './browser.ts';
export { developmentQuery, sampleWorkspace, startTestServer, type TestServerOptions } from './testServer.ts';
export { type Theme, themes } from './themes.ts';
export { type OpenOptions, type Place, Workbench, waitFor } from './workbench.ts';
