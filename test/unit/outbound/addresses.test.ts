import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Lookup } from '../../../server/outbound/connector.ts';
import { openOutbound } from '../../../server/outbound/outbound.ts';
import { isPublicAddress } from '../../../server/outbound/public-addresses.ts';
import { isAllowedHost, makeAllowedHosts } from '../../../server/shared/http/allowed-hosts.ts';
import { joined } from '../../../server/shared/pieces.ts';

test.each([
  '127.0.0.1',
  '127.255.0.3',
  '0.0.0.0',
  '10.0.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254', // metadata services
  '100.64.0.1',
  '100.100.100.200',
  '192.0.0.192',
  '198.19.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:a00:1',
  '64:ff9b::a00:1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  '2001:db8::1',
  '2001::1', // Teredo
  '2002:a00:1::', // 6to4
  'localhost',
  '',
])('%s is no public address', (address) => expect(isPublicAddress(address)).toBe(false));

test.each(['1.1.1.1', '172.32.0.1', '11.0.0.1', '2606:4700:4700::1111', '2a00:1450:4001:800::200e'])(
  '%s is a public address',
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test('an operator opens hosts by name, by name and port, with all below, by address and by network', () => {
  const allowed = makeAllowedHosts([
    'API.internal',
    '*.corp:8080',
    '10.1.2.3:80',
    '[fd00::1]:443',
    '172.16.0.0/12',
  ]);
  expect(allowed.hasHost('api.internal', 1)).toBe(true);
  expect(allowed.hasHost('x.api.internal', 1)).toBe(false);
  expect(allowed.hasHost('a.b.corp', 8080)).toBe(true);
  expect(allowed.hasHost('a.corp', 80)).toBe(false);
  expect(allowed.hasHost('corp', 8080)).toBe(false);
  expect(allowed.hasHost('evilcorp', 8080)).toBe(false);
  expect(allowed.hasHost('10.1.2.3', 80)).toBe(true);
  expect(allowed.hasHost('10.1.2.3', 81)).toBe(false);
  expect(allowed.hasHost('fd00::1', 443)).toBe(true);
  expect(allowed.hasAddress('172.20.0.1')).toBe(true);
  expect(allowed.hasAddress('10.1.2.3')).toBe(false);
});

test.each(['http://x', 'a b', '*', '*.', 'x:99999', '10.0.0.0/33', 'name/8', '[::1', 'a/b/c', ''])(
  '%p is no host that can be opened',
  (entry) => expect(isAllowedHost(entry)).toBe(false),
);

describe('a name that resolves to a private address', () => {
  const answers: LookupAddress[][] = [];
  const asked: string[] = [];
  const lookup: Lookup = (hostname, _options, callback) => {
    asked.push(hostname);
    callback(null, answers.shift() ?? [{ address: '127.0.0.1', family: 4 }]);
  };
  const get = async (url: string, entries: string[] = []) => {
    await using outbound = openOutbound({ allowedHosts: makeAllowedHosts(entries), lookup });
    const { signal } = new AbortController();
    const body = await outbound.request(
      {
        method: 'GET',
        url,
        headers: {},
        secretHeaders: [],
        body: undefined,
        timeoutMs: 5_000,
        maxRedirects: 0,
        maxBytes: 100,
        signal,
      },
      (response) => joined(response.body),
    );
    return body.toString();
  };
  const server = createServer((_, response) => response.end('private'));
  let port: number;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => server.close());

  test('is refused, with the setting that would open it', async () => {
    await expect(get(`http://inside.example:${port}/`)).rejects.toMatchObject({
      code: 'REFUSED_ADDRESS',
      message: expect.stringContaining('WEFT_HTTP_ALLOWED_HOSTS=inside.example'),
    });
  });

  test('only at a second look gains nothing: what is connected to is what was judged', async () => {
    answers.push([{ address: '2606:4700:4700::1111', family: 6 }]);
    asked.length = 0;
    const code = await get(`http://twice.example:${port}/`).catch((error) => error.code);
    expect(['NETWORK', 'TIMEOUT']).toContain(code); // Nothing answers there at this port.
    expect(asked).toEqual(['twice.example']);
  });

  test('is reached where the operator opens its network', async () => {
    expect(await get(`http://inside.example:${port}/`, ['127.0.0.0/8'])).toBe('private');
  });
});
