import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { coerceError, WeftError } from '../shared/errors.ts';
import { projectRoot } from '../shared/paths.ts';
import { packageVariables, toPackageConfig } from './packages.ts';
import { commaList, flag, oneOf, secret, someNumber, url, wholeNumber } from './values.ts';

/** Every setting of the server. This is the only reader of process.env. */
export interface Config {
  host: string;
  port: number;
  /** PORT as it was given: where a process that serves no API answers health checks. Undefined: nowhere. */
  healthPort: number | undefined;
  dataDir: string;
  /** Undefined: the embedded Postgres, under the data folder. */
  databaseUrl: string | undefined;
  apiToken: string | undefined;
  allowedOrigins: string[];
  roles: Role[];
  workerConcurrency: number;
  /** How long running nodes may go on after SIGTERM, milliseconds. */
  shutdownGraceMs: number;
  /** Whether code may start before the event that starts it is committed (engine/run-ahead.ts). */
  runAhead: boolean;
  /** Executions that ended longer ago are deleted; undefined: none is. */
  retentionDays: number | undefined;
  pythonPath: string | undefined;
  /** Undefined: `bwrap` where the system keeps its programs. */
  bubblewrapPath: string | undefined;
  pythonPolicy: 'strict' | 'kernel';
  /** Cells made ahead, for Python without packages. Undefined: the sandbox's own number. */
  waitingCells: number | undefined;
  /** Sandbox services that Python runs on; empty: it runs in this process. */
  pythonServiceUrls: string[];
  /** What a client of a sandbox service shows, and what one served here wants to be shown. */
  pythonServiceToken: string | undefined;
  /** Whether this process serves its sandbox to others. */
  servesSandbox: boolean;
  /** How environments with packages are kept ready for runs. */
  environments: {
    /** So many at once. */
    warm: number;
    /** One that no run has used for so long is given up. */
    idleSeconds: number;
    /** Whether packages are imported before a run asks for them. */
    preload: boolean;
  };
  /** Where packages come from, and which may be had. */
  packages: ReturnType<typeof toPackageConfig> & { uvPath: string | undefined };
  alerts: {
    /** So many security violations … */
    violations: number;
    /** … within so many seconds raise an alert. */
    windowSeconds: number;
    webhookUrl: string | undefined;
  };
  logLevel: string;
}

const roles = ['api', 'worker', 'sandbox'] as const;
export type Role = (typeof roles)[number];

const PLAIN_URL =
  'expected URLs such as http://sandbox:4000, with no name, password, query or fragment in them';

const webUrl = url(/^https?$/, 'https://weft.example:4000');

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(4000),
  WEFT_DATA_DIR: z.string().default('.weft').transform(inProject),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'expected a URL such as postgresql://user:password@host:5432/database')
    .optional(),
  WEFT_API_TOKEN: secret().optional(),
  WEFT_ALLOWED_ORIGINS: commaList.pipe(z.array(webUrl.transform((url) => new URL(url).origin))).default([]),
  WEFT_ROLES: commaList
    .pipe(z.array(oneOf(roles)).min(1, 'expected at least one of api, worker, sandbox'))
    .optional(),
  WEFT_WORKER_CONCURRENCY: wholeNumber(1, 1_000).default(8 * availableParallelism()),
  WEFT_SHUTDOWN_GRACE_SECONDS: someNumber(0, 3_600).default(0),
  WEFT_RUN_AHEAD: flag().default(true),
  WEFT_RETENTION_DAYS: someNumber(1, 36_500).optional(),
  PYTHON_PATH: z.string().optional(),
  BUBBLEWRAP_PATH: z.string().optional(),
  PYTHON_SERVICE_URL: commaList.pipe(z.array(webUrl.refine(isPlainUrl, PLAIN_URL))).default([]),
  PYTHON_SERVICE_TOKEN: secret().optional(),
  PYTHON_POLICY: oneOf(['strict', 'kernel']).default('strict'),
  WEFT_WAITING_CELLS: wholeNumber(1, 1_000).optional(),
  WEFT_WARM_ENVIRONMENTS: wholeNumber(1, 1_000).default(8),
  WEFT_ENVIRONMENT_IDLE_SECONDS: wholeNumber(1, 86_400).default(600),
  PYTHON_PRELOAD: flag().default(true),
  ...packageVariables,
  WEFT_ALERT_VIOLATIONS: wholeNumber(1, 1_000_000).default(5),
  WEFT_ALERT_WINDOW_SECONDS: wholeNumber(1, 86_400).default(300),
  WEFT_ALERT_WEBHOOK_URL: webUrl.optional(),
  WEFT_LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('warn'),
});

/** @throws WeftError INVALID_SETTINGS, naming every setting that is wrong */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // A setting that is there but empty (`DATABASE_URL=`, as in compose files) is one that is not given.
  const given = withFiles(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path: [name], message }) =>
        `  ${String(name)}=${secrets.includes(String(name)) ? '…' : (given[String(name)] ?? '')}: ${message}`,
    );
    const lines = [...new Set(problems)].join('\n');
    throw new WeftError('INVALID_SETTINGS', `Some settings are not valid:\n${lines}`);
  }
  const config = parsed.data;
  // Where Python runs elsewhere, a sandbox is served here only if that was asked for.
  const chosen =
    config.WEFT_ROLES ?? roles.filter((role) => role !== 'sandbox' || config.PYTHON_SERVICE_URL.length === 0);
  const isSandboxAlone = chosen.every((role) => role === 'sandbox');
  if (!isLoopback(config.HOST)) {
    if (chosen.includes('api')) requireSecret('WEFT_API_TOKEN', config);
    if (isSandboxAlone) requireSecret('PYTHON_SERVICE_TOKEN', config);
  }
  return {
    host: config.HOST,
    port: config.PORT,
    healthPort: given.PORT === undefined ? undefined : config.PORT,
    dataDir: config.WEFT_DATA_DIR,
    databaseUrl: config.DATABASE_URL,
    apiToken: config.WEFT_API_TOKEN,
    allowedOrigins: config.WEFT_ALLOWED_ORIGINS,
    roles: chosen,
    workerConcurrency: config.WEFT_WORKER_CONCURRENCY,
    shutdownGraceMs: config.WEFT_SHUTDOWN_GRACE_SECONDS * 1_000,
    runAhead: config.WEFT_RUN_AHEAD,
    retentionDays: config.WEFT_RETENTION_DAYS,
    pythonPath: config.PYTHON_PATH,
    bubblewrapPath: config.BUBBLEWRAP_PATH ?? findProgram('bwrap', given.PATH),
    pythonPolicy: config.PYTHON_POLICY,
    waitingCells: config.WEFT_WAITING_CELLS,
    pythonServiceUrls: config.PYTHON_SERVICE_URL,
    pythonServiceToken: config.PYTHON_SERVICE_TOKEN,
    servesSandbox:
      chosen.includes('sandbox') && (isSandboxAlone || config.PYTHON_SERVICE_TOKEN !== undefined),
    environments: {
      warm: config.WEFT_WARM_ENVIRONMENTS,
      idleSeconds: config.WEFT_ENVIRONMENT_IDLE_SECONDS,
      preload: config.PYTHON_PRELOAD,
    },
    packages: { ...toPackageConfig(config, given), uvPath: findProgram('uv', given.PATH) },
    alerts: {
      violations: config.WEFT_ALERT_VIOLATIONS,
      windowSeconds: config.WEFT_ALERT_WINDOW_SECONDS,
      webhookUrl: config.WEFT_ALERT_WEBHOOK_URL,
    },
    logLevel: config.WEFT_LOG_LEVEL,
  };
}

/** A secret may be given as the name of a file that holds it (`WEFT_API_TOKEN_FILE`), as container platforms do. */
const secrets = [
  'DATABASE_URL',
  'WEFT_API_TOKEN',
  'PYTHON_SERVICE_TOKEN',
  'PYTHON_INDEX_URL',
  'PYTHON_EXTRA_INDEX_URL',
];

function withFiles(given: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const read = secrets.flatMap((name) => {
    const file = given[`${name}_FILE`];
    return file === undefined ? [] : [[name, readSecret(`${name}_FILE`, file)]];
  });
  return { ...given, ...Object.fromEntries(read) };
}

function readSecret(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new WeftError(
      'INVALID_SETTINGS',
      `Expected ${name}=${file} to be a file that can be read, but: ${coerceError(error).message}.`,
    );
  }
}

/** bubblewrap is started with an empty environment, so its place on the PATH is looked up here. */
function findProgram(name: string, searchPath = ''): string | undefined {
  return searchPath
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

function requireSecret(
  name: 'WEFT_API_TOKEN' | 'PYTHON_SERVICE_TOKEN',
  config: { HOST: string } & Partial<Record<typeof name, string | undefined>>,
): void {
  if (config[name] !== undefined) return;
  throw new WeftError(
    'INVALID_SETTINGS',
    `HOST=${config.HOST} lets other machines in, and this server runs code. Set ${name} to a secret of at least 16 characters, or HOST to 127.0.0.1.`,
  );
}

function isPlainUrl(text: string): boolean {
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '';
}

function inProject(path: string): string {
  return isAbsolute(path) ? path : resolve(projectRoot, path);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
