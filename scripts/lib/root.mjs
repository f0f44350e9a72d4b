import { fileURLToPath } from 'node:url';

/** The checkout, absolute, without a separator at the end. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
