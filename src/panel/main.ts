import './panel.css';
import { type HostApi, Panel } from './page/panel.ts';

declare function acquireVsCodeApi(): HostApi;

const root = document.getElementById('panel');
if (!root) throw new Error('the page of the panel has no element "panel"');
new Panel(acquireVsCodeApi(), root);
