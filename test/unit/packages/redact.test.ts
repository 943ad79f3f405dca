import { makeRedactor } from '../../../server/packages/installer/redact.ts';

test('the secrets of variables are removed, and plain URLs, paths and words stay', () => {
  const redact = makeRedactor({
    PIP_INDEX_URL: 'https://the-user:p%40ssword@index.example/simple',
    PIP_EXTRA_INDEX_URL: 'https://a.example https://:only-token@b.example',
    UV_INDEX: 'own=https://uv-user:uv-pass@c.example',
    UV_INDEX_OWN_PASSWORD: 'named-secret',
    PIP_FIND_LINKS: 'bare:words@d.example http://broken:port@e.example:x',
    PIP_TIMEOUT: '180',
    PIP_CERT: '/etc/ca.pem',
  });
  const text = 'the-user p%40ssword p@ssword only-token uv-user uv-pass named-secret bare:words broken:port';
  expect(
    redact(text)
      .replace(/\*\*\*/g, '')
      .trim(),
  ).toBe('');
  const plain = 'https://index.example/simple 180 /etc/ca.pem https://a.example';
  expect(redact(plain)).toBe(plain);
});
