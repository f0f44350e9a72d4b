import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withChoices, withTable } from '../../scripts/catalogueText.ts';

// `node scripts/catalogueText.ts` writes both.

test('the README lists the algorithms of the catalogue', () => {
  const readme = readFileSync('README.md', 'utf8');
  expect(readme).toBe(withTable(readme));
});

test('the setting offers the algorithms of the catalogue', () => {
  const manifest = readFileSync('package.json', 'utf8');
  expect(JSON.parse(manifest)).toEqual(JSON.parse(withChoices(manifest)));
});
