import { z } from 'zod';
import type { FieldMeta } from '../../definition.ts';

/** What the connection itself sets, or what would tell another host than the one that was judged. */
const reserved =
  /^(?:host|connection|content-length|expect|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;

export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/.test(name) && !reserved.test(name);
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
const labelled = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, name]));

const text = z.string().max(100_000);
const headerName = z.string().refine(isHeaderName, {
  message:
    'Expected the name of a header that may be set; Host, Content-Length and those of the connection may not',
});

export const httpConfig = z.strictObject({
  method: z
    .enum(methods)
    .default('GET')
    .meta({ title: 'Method', widget: 'select', choices: labelled(methods) } satisfies FieldMeta),
  url: z
    .string()
    .min(1)
    .max(8_000)
    .meta({
      title: 'URL',
      description: 'An absolute URL of http or https. Private and local addresses are refused.',
      placeholder: 'https://api.example.com/orders/{{ input.id }}',
      secrets: 'templates',
    } satisfies FieldMeta),
  query: z
    .record(z.string(), z.json())
    .default({})
    .meta({
      title: 'Query',
      description:
        'Parameters that are added to the URL; a list adds one for each of its items, null adds none.',
      placeholder: '{ "page": 1, "tag": ["new", "sale"] }',
      widget: 'json',
      secrets: 'templates',
    } satisfies FieldMeta),
  headers: z
    .record(headerName, text)
    .default({})
    .meta({
      title: 'Headers',
      placeholder: '{ "accept": "application/json" }',
      widget: 'json',
      secrets: 'templates',
    } satisfies FieldMeta),
  auth: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('bearer'), token: text.min(1) }),
      z.strictObject({ type: z.literal('basic'), username: text, password: text }),
      z.strictObject({ type: z.literal('header'), name: headerName, value: text.min(1) }),
    ])
    .optional()
    .meta({
      title: 'Authentication',
      description:
        'Not sent to another host by a redirect; `{{ secrets.NAME }}` is the value of a secret. One of `{ "type": "bearer", "token" }`, `{ "type": "basic", "username", "password" }` and `{ "type": "header", "name", "value" }`.',
      placeholder: '{ "type": "bearer", "token": "{{ secrets.API_KEY }}" }',
      widget: 'json',
      secrets: 'templates',
    } satisfies FieldMeta),
  body: z
    .json()
    .optional()
    .meta({
      title: 'Body',
      description:
        'Sent as JSON, as a form (an object of fields), as text, or as the content of a file (`"{{ input.report }}"`); see the format.',
      placeholder: '{ "name": "{{ input.name }}" }',
      widget: 'json',
      secrets: 'templates',
    } satisfies FieldMeta),
  bodyFormat: z
    .enum(['json', 'form', 'text', 'file'])
    .default('json')
    .meta({
      title: 'Body format',
      widget: 'select',
      choices: { json: 'JSON', form: 'Form', text: 'Text', file: 'File' },
    } satisfies FieldMeta),
  timeoutMs: z
    .int()
    .min(1_000)
    .max(300_000)
    .default(30_000)
    .meta({
      title: 'Timeout',
      description: 'For the whole response with its redirects: 1 second to 5 minutes.',
      placeholder: '30',
      widget: 'duration',
    } satisfies FieldMeta),
  maxRedirects: z
    .int()
    .min(0)
    .max(20)
    .default(5)
    .meta({
      title: 'Redirects',
      description: 'How many are followed. With 0 a redirect is the response.',
      widget: 'number',
    } satisfies FieldMeta),
  successStatuses: z
    .array(
      z.string().regex(/^(?:[1-5]xx|[1-5]\d\d)$/, 'Expected a status such as 404, or a class such as 2xx'),
    )
    .min(1)
    .max(50)
    .default(['2xx'])
    .meta({
      title: 'Success',
      description: 'The statuses that are a success, one a line; with any other the node fails.',
      placeholder: '2xx\n404',
      widget: 'lines',
    } satisfies FieldMeta),
  responseFormat: z
    .enum(['auto', 'json', 'text', 'file'])
    .default('auto')
    .meta({
      title: 'Response format',
      description:
        'What the body becomes. `auto` goes by its content type, and makes a file of what is neither JSON nor text, or larger than 16 MiB.',
      widget: 'select',
      choices: { auto: 'By content type', json: 'JSON', text: 'Text', file: 'File' },
    } satisfies FieldMeta),
  nextPage: z
    .string()
    .min(1)
    .optional()
    .meta({
      title: 'Next page',
      description:
        'JSONata over `response` (status, headers, body) and `page`, beside what every expression sees: the URL of the next request, or an object with those of `url`, `query`, `headers` and `body` that change; nothing ends it. The body is then the list of the bodies of all pages.',
      placeholder: 'response.body.next',
      widget: 'expression',
      language: 'jsonata',
      templated: false,
    } satisfies FieldMeta),
  maxPages: z
    .int()
    .min(1)
    .max(1_000)
    .default(100)
    .meta({ title: 'Most pages', widget: 'number' } satisfies FieldMeta),
});

export type HttpConfig = z.infer<typeof httpConfig>;
