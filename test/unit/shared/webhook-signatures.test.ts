import { execFileSync } from 'node:child_process';
import { verifyGithub } from '../../../server/shared/webhook-signatures/github.ts';
import {
  signStandardWebhook,
  standardWebhooksKey,
  verifyStandardWebhook,
} from '../../../server/shared/webhook-signatures/standard-webhooks.ts';
import { verifyStripe } from '../../../server/shared/webhook-signatures/stripe.ts';

const requestOf = (body: string | Buffer, headers: Record<string, string>) => ({
  body: Buffer.from(body as string),
  header: (name: string) => headers[name],
});

/** Another program's HMAC-SHA256, hexadecimal. */
function openssl(message: string, key: Buffer): string {
  const macopt = `hexkey:${key.toString('hex')}`;
  const args = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', macopt, '-r'];
  return execFileSync('openssl', args, { input: message, encoding: 'utf8' }).split(' ')[0]!;
}

test("GitHub: the example of GitHub's documentation is accepted, and no other body or secret", () => {
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  const verify = (body: string, secret: string) =>
    verifyGithub(requestOf(body, { 'x-hub-signature-256': signature }), [secret]);
  expect(verify('Hello, World!', "It's a Secret to Everybody").ok).toBe(true);
  expect(verify('Hello, World?', "It's a Secret to Everybody")).toMatchObject({ code: 'SIGNATURE_MISMATCH' });
  expect(verify('Hello, World!', "It's a secret to everybody")).toMatchObject({ code: 'SIGNATURE_MISMATCH' });
});

test('Stripe: what openssl signs is accepted, by any of several `v1`', () => {
  const [body, secret, seconds] = ['{"id":"evt_1"}', 'whsec_of_stripe_as_text', 1_614_265_330];
  const right = openssl(`${seconds}.${body}`, Buffer.from(secret));
  const verify = (value: string) => verifyStripe(requestOf(body, { 'stripe-signature': value }), [secret]);
  expect(verify(`t=${seconds},v1=${'0'.repeat(64)},v1=${right},v0=x`)).toEqual({
    ok: true,
    deliveryId: null,
    seconds,
  });
  expect(verify(`t=${seconds + 1},v1=${right}`)).toMatchObject({ code: 'SIGNATURE_MISMATCH' });
  // A second time would be one that is not signed.
  for (const value of [`v1=${right}`, `t=${seconds}`, `t=${seconds},t=9,v1=${right}`, `t=x,v1=${right}`, ''])
    expect(verify(value)).toMatchObject({ code: 'SIGNATURE_MALFORMED' });
});

describe('Standard Webhooks', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const [id, seconds, body] = ['msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}'];
  const right = Buffer.from(
    openssl(`${id}.${seconds}.${body}`, standardWebhooksKey(secret)!),
    'hex',
  ).toString('base64');
  const verify = (headers: object, sent = body) =>
    verifyStandardWebhook(
      requestOf(sent, {
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': `v1,${right}`,
        ...headers,
      }),
      [secret],
    );

  test('what openssl signs is what is signed here, and is accepted, among other signatures', () => {
    const signed = signStandardWebhook({ id, seconds, body: Buffer.from(body) }, [secret, secret]);
    expect(signed).toBe(`v1,${right} v1,${right}`);
    for (const signature of [signed, `v1a,abc v1,${right}`, `v1,AAAA v1,${right} `])
      expect(verify({ 'webhook-signature': signature })).toEqual({ ok: true, deliveryId: id, seconds });
  });

  test('another id, time or body is not what was signed', () => {
    for (const found of [
      verify({ 'webhook-id': 'msg_2' }),
      verify({ 'webhook-timestamp': '1614265331' }),
      verify({}, `${body} `),
    ])
      expect(found).toMatchObject({ code: 'SIGNATURE_MISMATCH' });
    expect(verify({ 'webhook-timestamp': '1614265330.5' })).toMatchObject({ code: 'SIGNATURE_MALFORMED' });
    expect(verify({ 'webhook-signature': 'v2,x' })).toMatchObject({ code: 'SIGNATURE_MALFORMED' });
    expect(verify({ 'webhook-signature': `v1,${right} `.repeat(200) })).toMatchObject({
      code: 'SIGNATURE_MISSING',
    });
  });

  test('a key has 24 to 64 bytes in base64', () => {
    expect(standardWebhooksKey(secret)).toHaveLength(24);
    expect(standardWebhooksKey(Buffer.alloc(64).toString('base64'))).toHaveLength(64);
    for (const bad of [
      '',
      'whsec_',
      'whsec_abc',
      'whsec_not base64!',
      `whsec_${Buffer.alloc(65).toString('base64')}`,
    ])
      expect(standardWebhooksKey(bad)).toBeNull();
  });
});
