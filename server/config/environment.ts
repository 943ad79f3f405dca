import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { SecretsKey } from '../secrets/keys.ts';
import type { TransitOptions } from '../secrets/transit.ts';
import type { Allowance } from '../shared/allowance.ts';
import { WeftError } from '../shared/errors.ts';
import type { Severity } from '../shared/severity.ts';
import { findMisspelt } from './misspelt.ts';
import { toPackageConfig } from './packages.ts';
import { readSecretFiles } from './secret-files.ts';
import { allRoles, type Role, Settings, secretSettings } from './settings.ts';
import { toTraceConfig } from './traces.ts';

/** The settings as the parts of the server take them. What each setting means is said in settings.ts. */
export interface Config {
  /** What the operator should know, and the server starts with all the same. */
  warnings: string[];
  host: string;
  port: number;
  /** Only where PORT was set; undefined: a process without the API serves no health checks. */
  healthPort: number | undefined;
  /** Absolute. */
  dataDir: string;
  databaseUrl: string | undefined;
  apiToken: string | undefined;
  /** Of tokens that say nothing of it. */
  allowance: Allowance;
  /** Undefined where no issuer is named. */
  oidc:
    | {
        issuers: string[];
        audience: string;
        claim: string;
        scopes: ReadonlyMap<string, 'READ' | 'RUN' | 'EDIT' | 'ADMIN'>;
        projectClaim: string | null;
      }
    | undefined;
  allowedOrigins: string[];
  /** Documents that clients may name: a file or a folder; and whether others are refused. */
  trustedDocuments: { path: string | undefined; only: boolean };
  maxConnections: number | undefined;
  roles: Role[];
  workerConcurrency: number;
  shutdownGraceMs: number;
  runAhead: boolean;
  compiledEvents: boolean;
  /** Whether metrics are counted and served. */
  metrics: boolean;
  /** Null where no traces are made. */
  traces: ReturnType<typeof toTraceConfig>;
  retentionDays: number | undefined;
  /** How long lines of the audit trail are kept. */
  auditDays: number | undefined;
  /** How old a change may be that clients read. */
  changeDays: number;
  /** How changes are sent to webhook endpoints: see use-cases/deliveries/sender.ts. */
  deliveries: { retryMs: readonly number[]; disableAfterDays: number; keepDays: number };
  files: {
    /** Of the store beside the database; undefined for none. */
    url: string | undefined;
    accessKeyId: string | undefined;
    secretAccessKey: string | undefined;
    maxBytes: number;
    uploadMs: number;
  };
  maxWebhookBytes: number;
  /** Undefined: those of a file in the data folder, where the server has its database to itself. */
  secretsKeys: SecretsKey[] | undefined;
  /** The service that keeps the key of keys; undefined for none. */
  secretsService: TransitOptions | undefined;
  httpAllowedHosts: string[];
  requestLimits: {
    openedHosts: string[];
    maxRequests: number;
    maxResponseBytes: number;
    timeoutMs: number;
  };
  pythonPath: string | undefined;
  /** Undefined where the PATH has none; the sandbox then looks where the system keeps its programs. */
  bubblewrapPath: string | undefined;
  /** Undefined where sandbox services decide. */
  pythonPolicy: 'strict' | 'standard' | 'kernel' | undefined;
  allowsScratchWrites: boolean;
  runBounds: { maxTimeoutMs: number; scratchMb: number; fileMb: number; outputMb: number };
  waitingCells: number | undefined;
  pythonServiceUrls: string[];
  pythonServiceToken: string | undefined;
  /** Whether other processes may use the sandbox of this process. */
  servesSandbox: boolean;
  environments: { warm: number; idleSeconds: number; preload: boolean };
  packages: ReturnType<typeof toPackageConfig> & { uvPath: string | undefined };
  alerts: {
    violations: number;
    windowSeconds: number;
    severity: Severity;
    parked: number;
    webhookUrl: string | undefined;
  };
  logLevel: string;
}

/** The only reader of process.env. @throws WeftError INVALID_SETTINGS, which names every setting that is wrong */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable (`DATABASE_URL=`, as compose files write it) counts as not set.
  const variables = readSecretFiles(
    Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')),
  );
  const settings = parse(variables);
  const roles = rolesOf(settings);
  const isSandboxAlone = roles.every((role) => role === 'sandbox');
  if (!isLoopback(settings.HOST)) {
    if (roles.includes('api')) requireSecret('WEFT_API_TOKEN', settings);
    if (isSandboxAlone) requireSecret('PYTHON_SERVICE_TOKEN', settings);
  }
  if (settings.WEFT_FILES_URL?.startsWith('s3:')) requireKeys(settings);
  return {
    warnings: findMisspelt(variables),
    host: settings.HOST,
    port: settings.PORT,
    healthPort: variables.PORT === undefined ? undefined : settings.PORT,
    dataDir: settings.WEFT_DATA_DIR,
    databaseUrl: settings.DATABASE_URL,
    apiToken: settings.WEFT_API_TOKEN,
    allowance: {
      costPerMinute: settings.WEFT_TOKEN_COST_PER_MINUTE ?? null,
      maxRunningExecutions: settings.WEFT_TOKEN_MAX_RUNNING ?? null,
    },
    oidc: oidcOf(settings),
    allowedOrigins: settings.WEFT_ALLOWED_ORIGINS,
    trustedDocuments: { path: settings.WEFT_TRUSTED_DOCUMENTS, only: settings.WEFT_TRUSTED_DOCUMENTS_ONLY },
    maxConnections: settings.WEFT_MAX_CONNECTIONS,
    roles,
    workerConcurrency: settings.WEFT_WORKER_CONCURRENCY,
    shutdownGraceMs: settings.WEFT_SHUTDOWN_GRACE_SECONDS * 1_000,
    runAhead: settings.WEFT_RUN_AHEAD,
    compiledEvents: settings.WEFT_COMPILED_EVENTS,
    metrics: settings.WEFT_METRICS,
    traces: toTraceConfig(settings),
    retentionDays: settings.WEFT_RETENTION_DAYS,
    auditDays: settings.WEFT_AUDIT_DAYS,
    changeDays: settings.WEFT_CHANGES_DAYS,
    deliveries: {
      retryMs: settings.WEFT_DELIVERY_RETRY_SECONDS.map((seconds) => seconds * 1_000),
      disableAfterDays: settings.WEFT_DELIVERY_DISABLE_DAYS,
      keepDays: settings.WEFT_DELIVERY_DAYS,
    },
    files: {
      url: settings.WEFT_FILES_URL,
      accessKeyId: settings.WEFT_FILES_ACCESS_KEY_ID,
      secretAccessKey: settings.WEFT_FILES_SECRET_ACCESS_KEY,
      maxBytes: settings.WEFT_MAX_FILE_MB * 1024 * 1024,
      uploadMs: settings.WEFT_UPLOAD_HOURS * 3_600_000,
    },
    maxWebhookBytes: settings.WEFT_WEBHOOK_MAX_BODY_KB * 1024,
    secretsKeys: settings.WEFT_SECRETS_KEY,
    secretsService: secretsServiceOf(settings),
    httpAllowedHosts: settings.WEFT_HTTP_ALLOWED_HOSTS,
    requestLimits: {
      openedHosts: settings.PYTHON_ALLOWED_HOSTS,
      maxRequests: settings.PYTHON_MAX_REQUESTS,
      maxResponseBytes: settings.PYTHON_MAX_RESPONSE_MB * 1024 * 1024,
      timeoutMs: settings.PYTHON_REQUEST_TIMEOUT_SECONDS * 1_000,
    },
    pythonPath: settings.PYTHON_PATH,
    bubblewrapPath: settings.BUBBLEWRAP_PATH ?? findProgram('bwrap', variables.PATH),
    pythonPolicy: settings.PYTHON_POLICY ?? (settings.PYTHON_SERVICE_URL.length > 0 ? undefined : 'strict'),
    allowsScratchWrites: settings.PYTHON_ALLOW_SCRATCH_WRITES,
    runBounds: {
      maxTimeoutMs: settings.PYTHON_MAX_TIMEOUT_SECONDS * 1_000,
      scratchMb: settings.PYTHON_SCRATCH_MB,
      fileMb: settings.PYTHON_FILE_MB ?? settings.PYTHON_SCRATCH_MB,
      outputMb: settings.PYTHON_OUTPUT_MB,
    },
    waitingCells: settings.WEFT_WAITING_CELLS,
    pythonServiceUrls: settings.PYTHON_SERVICE_URL,
    pythonServiceToken: settings.PYTHON_SERVICE_TOKEN,
    servesSandbox:
      roles.includes('sandbox') && (isSandboxAlone || settings.PYTHON_SERVICE_TOKEN !== undefined),
    environments: {
      warm: settings.WEFT_WARM_ENVIRONMENTS,
      idleSeconds: settings.WEFT_ENVIRONMENT_IDLE_SECONDS,
      preload: settings.PYTHON_PRELOAD,
    },
    packages: { ...toPackageConfig(settings, variables), uvPath: findProgram('uv', variables.PATH) },
    alerts: {
      violations: settings.WEFT_ALERT_VIOLATIONS,
      windowSeconds: settings.WEFT_ALERT_WINDOW_SECONDS,
      severity: settings.WEFT_ALERT_SEVERITY,
      parked: settings.WEFT_ALERT_PARKED,
      webhookUrl: settings.WEFT_ALERT_WEBHOOK_URL,
    },
    logLevel: settings.WEFT_LOG_LEVEL,
  };
}

type ParsedSettings = ReturnType<typeof parse>;

function parse(variables: NodeJS.ProcessEnv) {
  const parsed = Settings.safeParse(variables);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    const value = secretSettings.includes(name) ? '…' : (variables[name] ?? '');
    return `  ${name}=${value}: ${message}`;
  });
  const lines = [...new Set(problems)].join('\n');
  throw new WeftError('INVALID_SETTINGS', `Some settings are not valid:\n${lines}`);
}

/** Where sandbox services run Python, this process has a sandbox only if WEFT_ROLES names the role. */
function rolesOf({ WEFT_ROLES, PYTHON_SERVICE_URL }: ParsedSettings): Role[] {
  const isRemote = PYTHON_SERVICE_URL.length > 0;
  return WEFT_ROLES ?? allRoles.filter((role) => role !== 'sandbox' || !isRemote);
}

function requireSecret(name: 'WEFT_API_TOKEN' | 'PYTHON_SERVICE_TOKEN', settings: ParsedSettings): void {
  if (settings[name] !== undefined) return;
  throw new WeftError(
    'INVALID_SETTINGS',
    `HOST=${settings.HOST} lets other machines in, and this server runs code. ` +
      `Set ${name} to a secret of at least 16 characters, or HOST to 127.0.0.1.`,
  );
}

function oidcOf(settings: ParsedSettings): Config['oidc'] {
  const { WEFT_OIDC_ISSUERS: issuers, WEFT_OIDC_AUDIENCE: audience } = settings;
  if (issuers.length === 0) return undefined;
  if (audience !== undefined)
    return {
      issuers,
      audience,
      claim: settings.WEFT_OIDC_CLAIM,
      scopes: settings.WEFT_OIDC_SCOPES,
      projectClaim: settings.WEFT_OIDC_PROJECT_CLAIM ?? null,
    };
  throw new WeftError(
    'INVALID_SETTINGS',
    'WEFT_OIDC_ISSUERS make tokens for many programs. Set WEFT_OIDC_AUDIENCE to what those for this server are made for.',
  );
}

function secretsServiceOf(settings: ParsedSettings): TransitOptions | undefined {
  const { WEFT_SECRETS_KMS_URL: url, WEFT_SECRETS_KMS_TOKEN_FILE: tokenFile } = settings;
  if (url === undefined && tokenFile === undefined) return undefined;
  if (url !== undefined && tokenFile !== undefined) return { url, tokenFile };
  throw new WeftError(
    'INVALID_SETTINGS',
    'WEFT_SECRETS_KMS_URL and WEFT_SECRETS_KMS_TOKEN_FILE go together. Set both, or none.',
  );
}

function requireKeys(settings: ParsedSettings): void {
  const missing = (['WEFT_FILES_ACCESS_KEY_ID', 'WEFT_FILES_SECRET_ACCESS_KEY'] as const).filter(
    (name) => settings[name] === undefined,
  );
  if (missing.length === 0) return;
  throw new WeftError(
    'INVALID_SETTINGS',
    `WEFT_FILES_URL names an S3 store, whose requests are signed. Set ${missing.join(' and ')} too.`,
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Looked up here, because bubblewrap is started with an empty environment, and so without a PATH. */
function findProgram(name: string, searchPath = ''): string | undefined {
  return searchPath
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}
