import { expect, test } from 'vitest';
import { explainNpmFailure } from '../../../scripts/lib/npm.mjs';

const explain = (output: string) => explainNpmFailure('Installing packages', ['ci'], 'folder', output);

test.each([
  [
    'npm error code ENOTFOUND\nnpm error getaddrinfo ENOTFOUND registry.example',
    'cannot be reached',
    'network',
  ],
  ['npm error code ENOSPC\nnpm error nospc no space left on device', 'disk is full', 'GB'],
  ['npm error code EACCES\nnpm error permission denied', 'may not be written', 'owns'],
  ['npm error code UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'not trusted', 'cafile'],
  ['npm error code E404\nnpm error 404 Not Found - GET x', 'lacks a package', 'mirror'],
])('npm’s %j is explained', (output, cause, nextStep) => {
  expect(explain(output)).toContain(cause);
  expect(explain(output)).toContain(nextStep);
});

test('what is not known is shown as npm said it', () => {
  expect(explain('npm error something new')).toContain('npm error something new');
});
