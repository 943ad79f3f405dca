import { readHostInstallerConfig } from '../../../server/packages/installer/host-installer-config.ts';
import { makeProxyChoice } from '../../../server/packages/installer/host-proxies.ts';
import type { PackageSettings } from '../../../server/packages/settings.ts';
import { testPackageSettings } from '../../support/test-environments.ts';

async function allowed(
  settings: Partial<PackageSettings>,
  variables: Record<string, string>,
  addresses: string[],
) {
  const hostInstallers = { home: undefined, variables };
  const { isAllowedHost } = await readHostInstallerConfig(
    testPackageSettings({ hostInstallers, ...settings }),
  );
  return addresses.filter((address) => {
    const [host, port] = address.split(':');
    return isAllowedHost(host!, Number(port));
  });
}

const pypi = ['pypi.org:443', 'files.pythonhosted.org:443'];

test.each<[string, Partial<PackageSettings>, Record<string, string>, string[]]>([
  ['without settings, PyPI', {}, {}, pypi],
  [
    'an own index, and not PyPI',
    { indexUrl: 'http://user:pw@own.example:8080/simple' },
    {},
    ['own.example:8080'],
  ],
  [
    'extra indexes beside PyPI',
    { extraIndexUrls: ['https://own.example/simple'] },
    {},
    [...pypi, 'own.example:443'],
  ],
  ['the index of pip', {}, { PIP_INDEX_URL: 'https://own.example/simple' }, ['own.example:443']],
  ['the index of uv', {}, { UV_DEFAULT_INDEX: 'x=https://own.example/simple' }, ['own.example:443']],
  [
    'pages of links',
    { findLinks: ['/a', 'https://own.example/x.html'], noIndex: true },
    {},
    ['own.example:443'],
  ],
  [
    'hosts that are listed',
    { noIndex: true, indexHosts: ['cdn.example', 'Own.example:8080'] },
    {},
    ['cdn.example:443', 'own.example:8080'],
  ],
])('allowed is %s', async (_what, settings, variables, expected) => {
  const all = [
    ...pypi,
    'pypi.org:80',
    'own.example:443',
    'own.example:8080',
    'own.example:22',
    'cdn.example:443',
  ];
  expect(await allowed(settings, variables, all)).toEqual(
    all.filter((address) => expected.includes(address)),
  );
});

test('the proxy of the host is chosen as curl chooses it', () => {
  const choose = makeProxyChoice(
    {
      HTTPS_PROXY: 'http://tls.example:1',
      http_proxy: 'plain.example:2',
      NO_PROXY: '.inside.example, own.example:443',
    },
    undefined,
  );
  expect(choose('a.example', true)?.host).toBe('tls.example:1');
  expect(choose('a.example', false)?.host).toBe('plain.example:2');
  for (const host of ['inside.example', 'x.inside.example', 'own.example'])
    expect(choose(host, true)).toBeNull();
  expect(makeProxyChoice({}, undefined)('a.example', true)).toBeNull();
  expect(makeProxyChoice({ ALL_PROXY: 'http://all.example' }, 'http://pip.example')('a', true)?.host).toBe(
    'pip.example',
  );
});

test.each(['socks5://user:secret@proxy.example', 'http://secret@', 'http://u:%zzsecret@proxy.example'])(
  'a proxy that cannot be used is an error without its value: %s',
  (text) => {
    const choose = () => makeProxyChoice({ ALL_PROXY: text }, undefined);
    expect(choose).toThrow('ALL_PROXY');
    expect(choose).not.toThrow('secret');
  },
);
