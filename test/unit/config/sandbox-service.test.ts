import { expect, test } from '@jest/globals';
import { readConfig as read } from '../../../server/config/environment.ts';

const TOKEN = 'a secret of the tests';

test('by default the process has all roles, and does not serve its sandbox', () => {
  expect(read({})).toMatchObject({ roles: ['api', 'worker', 'sandbox'], servesSandbox: false });
});

test('with sandbox services the process has no sandbox, unless WEFT_ROLES names it', () => {
  const elsewhere = { PYTHON_SERVICE_URL: 'http://a:1, https://b', PYTHON_SERVICE_TOKEN: TOKEN };
  expect(read(elsewhere)).toMatchObject({
    roles: ['api', 'worker'],
    servesSandbox: false,
    pythonServiceUrls: ['http://a:1', 'https://b'],
  });
  expect(read({ ...elsewhere, WEFT_ROLES: 'worker,sandbox' }).servesSandbox).toBe(true);
});

test('the role sandbox alone serves the sandbox, on loopback without a token too', () => {
  expect(read({ WEFT_ROLES: 'sandbox' }).servesSandbox).toBe(true);
  expect(() => read({ WEFT_ROLES: 'sandbox', HOST: '::' })).toThrow('PYTHON_SERVICE_TOKEN');
  expect(read({ WEFT_ROLES: 'sandbox', HOST: '::', PYTHON_SERVICE_TOKEN: TOKEN }).servesSandbox).toBe(true);
});

test('a URL that cannot be that of a service is refused', () => {
  for (const url of ['sandbox:4000', 'ftp://sandbox', 'http://me:secret@sandbox', 'http://sandbox?x=1'])
    expect(() => read({ PYTHON_SERVICE_URL: url })).toThrow('PYTHON_SERVICE_URL');
  expect(() => read({ PYTHON_SERVICE_TOKEN: 'short' })).toThrow(/PYTHON_SERVICE_TOKEN=…: .*16 characters/);
});
