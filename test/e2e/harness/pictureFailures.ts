import { afterEach } from 'vitest';
import type { Workbench } from './workbench.ts';

/** Makes every test of this file that fails leave a picture: `test-results/failed-NAME.png`. */
export function pictureFailures(workbench: () => Workbench | undefined): void {
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    const name = task.name.replaceAll(/[^\w]+/g, '-').slice(0, 80);
    await workbench()
      ?.screenshot(`failed-${name}`)
      .catch(() => {}); // the window may be what failed
  });
}
