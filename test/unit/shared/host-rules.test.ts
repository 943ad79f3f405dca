import { expect, test } from '@jest/globals';
import {
  addressesOf,
  checkHosts,
  isOpenedHost,
  narrowHosts,
  refusalOf,
} from '../../../server/shared/http/host-rules.ts';

const opened = [
  'api.example.com',
  '*.wide.org',
  '10.0.0.0/8',
  '127.0.0.1:8080',
  'ported.net:8443',
  'localhost:3000',
];
const codesOf = (...hosts: string[]) => checkHosts(hosts, opened).map(({ code, index }) => [index, code]);

test('a node may ask for what the operator opens, as wide at most', () => {
  expect(
    codesOf('api.example.com', 'API.example.com:443', 'a.wide.org', '*.wide.org', '*.b.wide.org'),
  ).toEqual([]);
  expect(codesOf('10.2.3.4', '127.0.0.1', 'ported.net', 'localhost:3000')).toEqual([]);
  const denied = 'HOST_NOT_ALLOWED';
  expect(codesOf('example.com', '*.example.com', 'wide.org', '*.org', '127.0.0.1:80', '11.0.0.1')).toEqual(
    [0, 1, 2, 3, 4, 5].map((index) => [index, denied]),
  );
  expect(checkHosts(['anything.at.all', '*.net'], ['*'])).toEqual([]);
});

test('what is no host says what was meant', () => {
  const [finding] = checkHosts(['https://api.example.com/v1'], ['*']);
  expect(finding).toMatchObject({
    code: 'INVALID_HOST',
    message: expect.stringContaining('Write api.example.com.'),
  });
  for (const text of ['', '*', '10.0.0.0/8', 'a b', 'a/b']) expect(checkHosts([text], ['*'])).toHaveLength(1);
  expect(['*', '*.a.b', '10.0.0.0/8'].every(isOpenedHost)).toBe(true);
});

test('a request needs a host that both have', () => {
  expect(refusalOf('api.example.com', 443, ['api.example.com'], opened)).toBeNull();
  expect(refusalOf('127.0.0.1', 8080, ['127.0.0.1'], opened)).toBeNull();
  expect(refusalOf('127.0.0.1', 5432, ['127.0.0.1'], opened)).toContain('is not open');
  expect(refusalOf('api.example.com', 443, ['a.wide.org'], opened)).toContain('asks only for a.wide.org');
  expect(refusalOf('api.example.com', 443, [], [])).toContain('PYTHON_ALLOWED_HOSTS=api.example.com');
});

test('a service gets no port that the server leaves closed', () => {
  expect(narrowHosts(['ported.net', 'api.example.com', '127.0.0.1'], opened)).toEqual([
    'ported.net:8443',
    'api.example.com',
    '127.0.0.1:8080',
  ]);
});

test('only addresses, networks and localhost lead to private addresses', () => {
  const { hasHost, hasAddress } = addressesOf(opened);
  expect(hasHost('127.0.0.1', 8080)).toBe(true);
  expect(hasHost('localhost', 3000)).toBe(true);
  expect(hasHost('api.example.com', 443)).toBe(false);
  expect(hasAddress('10.1.1.1')).toBe(true);
  expect(hasAddress('192.168.0.1')).toBe(false);
});
