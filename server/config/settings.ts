import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { MAX_COST_PER_MINUTE, MAX_RUNNING } from '../shared/allowance.ts';
import { isAllowedHost } from '../shared/http/allowed-hosts.ts';
import { isOpenedHost } from '../shared/http/host-rules.ts';
import { projectRoot } from '../shared/paths.ts';
import { severities } from '../shared/severity.ts';
import { packageSettings } from './packages.ts';
import { traceSettings } from './traces.ts';
import {
  commaList,
  flag,
  issuerUrl,
  oneOf,
  plainUrl,
  scopeMap,
  scopeNames,
  secondsList,
  secret,
  secretKeys,
  someNumber,
  storeUrl,
  transitUrl,
  url,
  wholeNumber,
} from './values.ts';

const roles = ['api', 'worker', 'sandbox'] as const;
export type Role = (typeof roles)[number];
export const allRoles: readonly Role[] = roles;

const webUrl = url(/^https?$/, 'https://weft.example:4000');

/** Every environment variable that is a setting of the server, with its limits, its default and what it means. */
export const Settings = z.object({
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe('The address to listen on. Any address but loopback requires a token.'),
  PORT: wholeNumber(0, 65_535)
    .default(4000)
    .describe(
      'The port to listen on; 0 chooses a free port. Without the role api: where health checks are served.',
    ),
  WEFT_DATA_DIR: z
    .string()
    .default('.weft')
    .transform(inProject)
    .describe(
      'The folder of the embedded Postgres and of the Python environments, relative to the checkout.',
    ),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'expected a URL such as postgresql://user:password@host:5432/database')
    .optional()
    .describe('A database in a Postgres 15 or newer. Not set: the embedded Postgres.'),
  WEFT_API_TOKEN: secret()
    .optional()
    .describe(
      'The token of the first administrator; with it every request needs one. Not set: open to loopback.',
    ),
  WEFT_TOKEN_COST_PER_MINUTE: wholeNumber(1, MAX_COST_PER_MINUTE)
    .optional()
    .describe('What operations of one token may cost a minute, where it says nothing. Not set: no limit.'),
  WEFT_TOKEN_MAX_RUNNING: wholeNumber(1, MAX_RUNNING)
    .optional()
    .describe('Executions that one token may have at once, where it says nothing. Not set: no limit.'),
  WEFT_OIDC_ISSUERS: commaList
    .pipe(z.array(issuerUrl()))
    .default([])
    .describe('The OpenID Connect issuers whose JSON Web Tokens count as tokens, separated by commas.'),
  WEFT_OIDC_AUDIENCE: z
    .string()
    .optional()
    .describe('What tokens of issuers must be made for: their `aud`. Needed with WEFT_OIDC_ISSUERS.'),
  WEFT_OIDC_CLAIM: z
    .string()
    .default('scope')
    .describe('The claim of tokens of issuers that says what they may do: a list, or text with spaces.'),
  WEFT_OIDC_SCOPES: scopeMap()
    .default(new Map(scopeNames.map((scope) => [`weft:${scope.toLowerCase()}`, scope])))
    .describe('The scope that each value of the claim grants, such as staff=RUN,ops=ADMIN.'),
  WEFT_OIDC_PROJECT_CLAIM: z
    .string()
    .min(1)
    .optional()
    .describe('The claim of tokens of issuers with the keys of their projects, or *. Not set: all projects.'),
  WEFT_ALLOWED_ORIGINS: commaList
    .pipe(z.array(webUrl.transform((text) => new URL(text).origin)))
    .default([])
    .describe('The origins whose web pages may use the API, separated by commas.'),
  WEFT_TRUSTED_DOCUMENTS: z
    .string()
    .optional()
    .transform((path) => (path === undefined ? path : inProject(path)))
    .describe(
      'A manifest of documents that clients name by id, or a folder of them, relative to the checkout.',
    ),
  WEFT_TRUSTED_DOCUMENTS_ONLY: flag()
    .default(false)
    .describe('Whether all documents are refused but the trusted ones and those of `@weft/client`.'),
  WEFT_MAX_CONNECTIONS: wholeNumber(1, 1_000_000)
    .optional()
    .describe(
      'Open connections at once. Not set: as many as leave the rest of the server enough open files (`ulimit -n`).',
    ),
  WEFT_ROLES: commaList
    .pipe(z.array(oneOf(roles)).min(1, 'expected at least one of api, worker, sandbox'))
    .optional()
    .describe('What this process does. Not set: all roles, and no sandbox where PYTHON_SERVICE_URL is set.'),
  WEFT_WORKER_CONCURRENCY: wholeNumber(1, 1_000)
    .default(8 * availableParallelism())
    .describe('How many executions this process runs at once.'),
  WEFT_SHUTDOWN_GRACE_SECONDS: someNumber(0, 3_600)
    .default(0)
    .describe('How long running nodes may continue after SIGTERM.'),
  WEFT_RUN_AHEAD: flag()
    .default(true)
    .describe('Whether the code of a node may start before the event that starts the node is committed.'),
  WEFT_COMPILED_EVENTS: flag()
    .default(true)
    .describe(
      'Whether the selection of events is compiled once for a subscription; graphql-js does the rest.',
    ),
  WEFT_METRICS: flag()
    .default(false)
    .describe('Whether metrics for Prometheus are counted, and served at `/metrics`.'),
  WEFT_RETENTION_DAYS: someNumber(1, 36_500)
    .optional()
    .describe('Executions that ended longer ago are deleted. Not set: no execution is deleted.'),
  WEFT_AUDIT_DAYS: someNumber(1, 36_500)
    .optional()
    .describe('Older lines of the audit trail are deleted. Not set: every line is kept.'),
  WEFT_CHANGES_DAYS: someNumber(0.001, 365)
    .default(7)
    .describe('How far back the feed of changes is read; an older cursor is refused with CURSOR_EXPIRED.'),
  WEFT_FILES_URL: storeUrl()
    .optional()
    .describe(
      'Where files beyond 1 MiB are kept: `file:///folder` or `s3://bucket/prefix?endpoint=…`. Not set: in the database.',
    ),
  WEFT_FILES_ACCESS_KEY_ID: z.string().optional().describe('The key of the S3 store of WEFT_FILES_URL.'),
  WEFT_FILES_SECRET_ACCESS_KEY: z.string().optional().describe('The secret of WEFT_FILES_ACCESS_KEY_ID.'),
  WEFT_MAX_FILE_MB: wholeNumber(1, 2_047)
    .default(64)
    .describe('Most MiB of one file that is uploaded or saved by a node.'),
  WEFT_UPLOAD_HOURS: someNumber(0.0001, 8_760)
    .default(24)
    .describe('Uploads that no execution uses are deleted after so long.'),
  WEFT_WEBHOOK_MAX_BODY_KB: wholeNumber(1, 8_192)
    .default(1_024)
    .describe('Most KiB of the body of a request to a webhook; larger ones are refused.'),
  WEFT_DELIVERY_RETRY_SECONDS: secondsList
    .default([5, 300, 1_800, 7_200, 18_000, 36_000, 36_000])
    .describe(
      'How long after each failed attempt a change is sent to an endpoint again, separated by commas.',
    ),
  WEFT_DELIVERY_DISABLE_DAYS: someNumber(0.0001, 365)
    .default(5)
    .describe('A webhook endpoint of which every attempt has failed for so long is disabled.'),
  WEFT_DELIVERY_DAYS: someNumber(0.0001, 3_650)
    .default(14)
    .describe('How long the log of what was sent to webhook endpoints is kept.'),
  WEFT_SECRETS_KEY: secretKeys()
    .optional()
    .describe(
      'Keys that secrets are sealed with, 32 bytes in base64 each; the first one seals. Not set: `secrets.key`.',
    ),
  WEFT_SECRETS_KMS_URL: transitUrl()
    .optional()
    .describe('The key of Vault Transit or OpenBao that wraps the keys that secrets are sealed with.'),
  WEFT_SECRETS_KMS_TOKEN_FILE: z
    .string()
    .transform(inProject)
    .optional()
    .describe('A file with the token for WEFT_SECRETS_KMS_URL, read anew for each request.'),
  WEFT_HTTP_ALLOWED_HOSTS: commaList
    .pipe(
      z.array(
        z
          .string()
          .refine(
            isAllowedHost,
            'expected hosts such as api.internal, *.corp.example:8080 or 10.1.2.3, or networks such as 10.0.0.0/8',
          ),
      ),
    )
    .default([])
    .describe(
      'Private hosts that http nodes and webhook endpoints may reach beside public ones, separated by commas.',
    ),
  PYTHON_ALLOWED_HOSTS: commaList
    .pipe(
      z.array(
        z
          .string()
          .refine(
            isOpenedHost,
            'expected hosts such as api.example.com, *.example.com or 10.1.2.3:8080, networks such as 10.0.0.0/8, or *',
          ),
      ),
    )
    .default([])
    .describe(
      'Hosts that Python nodes may ask for and send requests to, separated by commas; `*` for all public ones.',
    ),
  PYTHON_MAX_REQUESTS: wholeNumber(1, 1_000_000)
    .default(1_000)
    .describe('How many requests one run of Python may send.'),
  PYTHON_MAX_RESPONSE_MB: wholeNumber(1, 10_000)
    .default(64)
    .describe('How much one response to Python may have, as it is sent.'),
  PYTHON_REQUEST_TIMEOUT_SECONDS: wholeNumber(1, 86_400)
    .default(60)
    .describe("How long one request of Python may take with all of its response, within the run's own time."),
  PYTHON_PATH: z
    .string()
    .optional()
    .describe('The Python interpreter of the sandbox. Not set: python3 on the PATH.'),
  BUBBLEWRAP_PATH: z
    .string()
    .optional()
    .describe('The bubblewrap program, which makes the sandbox. Not set: bwrap on the PATH.'),
  PYTHON_SERVICE_URL: commaList
    .pipe(z.array(plainUrl('http://sandbox:4000')))
    .default([])
    .describe(
      'The sandbox services that run Python, separated by commas. Not set: Python runs in this process.',
    ),
  PYTHON_SERVICE_TOKEN: secret()
    .optional()
    .describe('The secret between sandbox services and their clients; the same value on both sides.'),
  PYTHON_POLICY: oneOf(['strict', 'standard', 'kernel'])
    .optional()
    .describe(
      'The loosest that code may have, and the default. Not set: strict, or that of the sandbox services.',
    ),
  PYTHON_ALLOW_SCRATCH_WRITES: flag()
    .default(false)
    .describe(
      'Whether code under strict may open files of its own folder for writing, as libraries may anyway.',
    ),
  PYTHON_MAX_TIMEOUT_SECONDS: wholeNumber(1, 43_200)
    .default(300)
    .describe('The longest time limit that a Python node may have.'),
  PYTHON_SCRATCH_MB: wholeNumber(16, 1_048_576)
    .default(64)
    .describe('The size of the folder of a run, which is in memory; of /dev/shm as well.'),
  PYTHON_FILE_MB: wholeNumber(1, 1_048_576)
    .optional()
    .describe('The most that one file of a run may have. Not set: the size of its folder.'),
  PYTHON_OUTPUT_MB: wholeNumber(1, 64)
    .default(1)
    .describe('How much of stdout, and of stderr, is kept of a run; the rest is left out.'),
  WEFT_WAITING_CELLS: wholeNumber(1, 1_000)
    .optional()
    .describe('Cells kept waiting for Python without packages, 4 MB each. Not set: 4 to 40, as runs come.'),
  WEFT_WARM_ENVIRONMENTS: wholeNumber(1, 1_000)
    .default(8)
    .describe('How many environments have a running fork-server at once.'),
  WEFT_ENVIRONMENT_IDLE_SECONDS: wholeNumber(1, 86_400)
    .default(600)
    .describe('The fork-server of an environment ends after so long without a run.'),
  PYTHON_PRELOAD: flag()
    .default(true)
    .describe('Whether the fork-server of an environment imports its packages before a run needs them.'),
  ...packageSettings,
  ...traceSettings,
  WEFT_ALERT_VIOLATIONS: wholeNumber(1, 1_000_000)
    .default(5)
    .describe('So many security violations within WEFT_ALERT_WINDOW_SECONDS raise an alert.'),
  WEFT_ALERT_WINDOW_SECONDS: wholeNumber(1, 86_400)
    .default(300)
    .describe('The time within which security violations are counted towards an alert.'),
  WEFT_ALERT_SEVERITY: oneOf(severities)
    .default('MEDIUM')
    .describe('The least severe security violations that are counted towards an alert.'),
  WEFT_ALERT_PARKED: wholeNumber(1, 1_000_000)
    .default(1)
    .describe('So many executions of a workflow that wait after a failure raise an alert.'),
  WEFT_ALERT_WEBHOOK_URL: webUrl.optional().describe('Where each alert is posted as JSON. Not set: nowhere.'),
  WEFT_LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('warn')
    .describe('The least severe log lines that are written, as JSON on stderr.'),
});

/** Never printed. Each may be set as a file that holds the value (`WEFT_API_TOKEN_FILE`), as container platforms do. */
export const secretSettings: readonly string[] = [
  'DATABASE_URL',
  'WEFT_API_TOKEN',
  'WEFT_FILES_SECRET_ACCESS_KEY',
  'WEFT_SECRETS_KEY',
  'PYTHON_SERVICE_TOKEN',
  'PYTHON_INDEX_URL',
  'PYTHON_EXTRA_INDEX_URL',
  'OTEL_EXPORTER_OTLP_HEADERS',
];

/** Every name that the server reads as a setting. */
export const settingNames: readonly string[] = [
  ...Object.keys(Settings.shape),
  ...secretSettings.map((name) => `${name}_FILE`),
];

function inProject(path: string): string {
  return isAbsolute(path) ? path : resolve(projectRoot, path);
}
