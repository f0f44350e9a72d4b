import { main as test } from './test.ts';

/** `npm run check`: the stages that need no process of ours. */
export async function main(): Promise<number> {
  return await test(['format', 'lint', 'types']);
}
