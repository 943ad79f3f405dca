import { z } from 'zod';
import { parseKeys } from '../secrets/keys.ts';

/**
 * The kinds of values that settings have. The message of each says what was expected, for the person who starts the
 * server.
 */

export const wholeNumber = (min: number, max: number) => {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z.coerce.number(expected).int(expected).min(min, expected).max(max, expected);
};

export const someNumber = (min: number, max: number) => {
  const expected = `expected a number from ${min} to ${max}`;
  return z.coerce.number(expected).min(min, expected).max(max, expected);
};

export const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `expected ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`);

export const flag = () => z.stringbool('expected true or false');

export const url = (protocol: RegExp, example: string) =>
  z.url({ protocol, error: `expected a URL such as ${example}`, abort: true });

/** Of the web, with nothing in it that logs should not have. */
export const plainUrl = (example: string) =>
  url(/^https?$/, example).refine((text) => {
    const { username, password, search, hash } = new URL(text);
    return username === '' && password === '' && search === '' && hash === '';
  }, `expected a URL such as ${example}, with no name, password, query or fragment in it`);

export const text = () => z.string().min(1);

export const secret = () => z.string().min(16, 'expected at least 16 characters');

const EXPECTED_KEYS =
  'expected keys of 32 bytes in base64, as `openssl rand -base64 32` prints them, one a line or with commas between them';

export const secretKeys = () =>
  z.string().transform((text, context) => {
    const keys = parseKeys(text);
    if (keys !== null) return keys;
    context.addIssue({ code: 'custom', message: EXPECTED_KEYS });
    return z.NEVER;
  });

export const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** `name=value,other=value`, where values may be percent-encoded. */
export const keyValues = (example: string) =>
  commaList.transform((parts, context) => {
    const found: Record<string, string> = {};
    for (const part of parts) {
      const at = part.indexOf('=');
      const value = decoded(part.slice(at + 1));
      if (at > 0 && value !== null) found[part.slice(0, at).trim()] = value;
      else
        context.addIssue({
          code: 'custom',
          message: `expected name=value, separated by commas, such as ${example}`,
        });
    }
    return found;
  });

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value.trim());
  } catch {
    return null;
  }
}

/** Seconds, each more than none and at most a month: at most 20 of them. */
export const secondsList = commaList
  .transform((parts) => parts.map(Number))
  .pipe(z.array(z.number('expected seconds such as 5,300,1800').positive().max(2_678_400)).min(1).max(20));

/** Whoever could read or change what is sent to an issuer over http could make tokens: only on this machine. */
export const issuerUrl = () =>
  z.string().refine((text) => {
    const url = URL.parse(text);
    if (url === null || url.search !== '' || url.hash !== '' || url.username !== '') return false;
    return (
      url.protocol === 'https:' ||
      (url.protocol === 'http:' && /^(localhost|127\.0\.0\.1)$/.test(url.hostname))
    );
  }, 'expected issuers such as https://id.example.org, without a query');

export const scopeNames = ['READ', 'RUN', 'EDIT', 'ADMIN'] as const;

/** `staff=RUN,ops=ADMIN` */
export const scopeMap = () =>
  commaList.transform((parts, context) => {
    const scopes = new Map<string, (typeof scopeNames)[number]>();
    for (const part of parts) {
      const at = part.lastIndexOf('=');
      const scope = scopeNames.find((name) => name === part.slice(at + 1));
      if (at > 0 && scope !== undefined) scopes.set(part.slice(0, at), scope);
      else
        context.addIssue({
          code: 'custom',
          message: `expected value=SCOPE, of ${scopeNames.join(', ')}, such as staff=RUN`,
        });
    }
    return scopes;
  });

/** The address of a key of Transit, without its token. */
export const transitUrl = () =>
  z.string().refine((text) => {
    const url = URL.parse(text);
    return (
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      [url.username, url.password, url.search, url.hash].every((part) => part === '') &&
      /^\/v1\/.+\/keys\/[\w.-]+$/.test(url.pathname)
    );
  }, 'expected the address of a key such as https://vault.example.com:8200/v1/transit/keys/weft');

/** Where files are kept. Names and passwords have settings of their own, which are not printed. */
export const storeUrl = () =>
  z
    .string()
    .refine(
      isStoreUrl,
      'expected file:///an/absolute/path, or s3://bucket/prefix with no more than ?endpoint=https://…&region=…',
    );

function isStoreUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  if (url.protocol === 'file:') return url.host === '' && url.search === '' && url.pathname.length > 1;
  const endpoint = url.searchParams.get('endpoint');
  return (
    url.protocol === 's3:' &&
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname) &&
    [...url.searchParams.keys()].every((name) => name === 'endpoint' || name === 'region') &&
    (endpoint === null || /^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
  );
}
