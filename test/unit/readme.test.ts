import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withTable } from '../../scripts/readmeTable.ts';

test('the README lists the algorithms of the catalogue: node scripts/readmeTable.ts writes it', () => {
  const readme = readFileSync('README.md', 'utf8');
  expect(readme).toBe(withTable(readme));
});
