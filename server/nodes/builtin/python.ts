import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  checkPackages,
  checkProjectPackages,
  MAX_PACKAGES,
  type PackageRules,
  packageErrorCodes,
} from '../../packages/check.ts';
import { readScriptBlock, type ScriptBlock } from '../../packages/script-block.ts';
import {
  type ArtifactFile,
  type FileRefusal,
  MAX_CODE_CHARACTERS,
  MAX_RECURSION_LIMIT,
  mistakes,
  type PythonError,
  type PythonEvent,
  type PythonFinding,
  type PythonViolation,
  type RunBounds,
} from '../../sandbox/backend.ts';
import { checkHosts, MAX_HOSTS, narrowHosts } from '../../shared/http/host-rules.ts';
import { severityOf, TRIED_BY_A_LIBRARY } from '../../shared/severity.ts';
import { traceHeaders } from '../../shared/trace-context.ts';
import {
  type ConfigProblem,
  type FieldMeta,
  type LateEvent,
  type NodeContext,
  type NodeDefinition,
  NodeFailure,
  type NodeFile,
  type WatchedEvent,
} from '../definition.ts';
import type { PackageLists } from '../package-lists.ts';
import { MAX_NODE_SECRETS, SECRET_NAME } from '../secrets.ts';
import { hasTemplate } from '../template.ts';

const makeConfig = ({ maxTimeoutMs, ...bounds }: GrantedBounds, openedHosts: readonly string[]) =>
  z.strictObject({
    code: z
      .string()
      .min(1)
      .max(MAX_CODE_CHARACTERS)
      .meta({
        title: 'Code',
        description:
          "Python 3. `input_data` is the node's input; set `result`, end with an expression, return, or define `main`, which gets the fields of the input. `progress(current, total, message)` and `tqdm` report progress; figures of matplotlib, and the data of `save_artifact(name, data)`, become files; `open_artifact(value)` opens a file of the input, and `artifact_path(value)` is its path.",
        placeholder: "result = {'processed': input_data.get('value', 0) * 2}",
        widget: 'code',
        language: 'python',
        templated: false,
      } satisfies FieldMeta),
    packages: z
      .array(z.string().min(1).max(200))
      .max(MAX_PACKAGES)
      .default([])
      .meta({
        title: 'Packages',
        description: 'Python packages the code imports, one requirement a line.',
        placeholder: 'pandas\nnumpy>=2',
        widget: 'lines',
        language: 'requirements',
      } satisfies FieldMeta),
    hosts: z
      .array(z.string().min(1).max(300))
      .max(MAX_HOSTS)
      .default([])
      .meta({
        title: 'Hosts',
        description: `Hosts that the code may send requests to, one a line, by fetch(), requests, httpx, urllib.request or pandas. ${openedInWords(openedHosts)}`,
        placeholder: 'api.example.com\n*.example.org',
        widget: 'lines',
      } satisfies FieldMeta),
    secrets: z
      .array(z.string().regex(SECRET_NAME, 'Expected the name of a secret, such as API_KEY'))
      .max(MAX_NODE_SECRETS)
      .default([])
      .meta({
        title: 'Secrets',
        description:
          'Names of secrets that the code gets as `secrets["NAME"]`, one a line. Wherever it shows one, `***` stands instead.',
        placeholder: 'API_KEY',
        widget: 'lines',
        templated: false,
        secrets: 'names',
      } satisfies FieldMeta),
    timeoutMs: z
      .int()
      .min(1_000)
      .max(maxTimeoutMs)
      .default(Math.min(30_000, maxTimeoutMs))
      .meta({
        title: 'Timeout',
        description: `How long the code may run before it is stopped: 1 second to ${inWords(maxTimeoutMs)}.`,
        placeholder: '30',
        widget: 'duration',
      } satisfies FieldMeta),
    memoryMb: z
      .int()
      .min(32)
      .max(16_384)
      .default(512)
      .meta({
        title: 'Memory',
        description: `Most memory the run may use, in MiB.${boundsInWords(bounds)}`,
        placeholder: '512',
        widget: 'number',
      } satisfies FieldMeta),
    recursionLimit: z
      .int()
      .min(1_000)
      .max(MAX_RECURSION_LIMIT)
      .optional()
      .meta({
        title: 'Recursion limit',
        description: "How many calls may be nested, where Python's own 1000 are too few.",
        placeholder: '1000',
        widget: 'number',
      } satisfies FieldMeta),
  });

type GrantedBounds = Pick<RunBounds, 'maxTimeoutMs'> & Partial<RunBounds>;

/** What the operator grants to Python nodes; a workflow is checked against it when it is saved. */
export interface PythonGrants {
  packageRules: PackageRules;
  /** Where sandbox services run Python, all but the time limit are theirs. */
  bounds: GrantedBounds;
  /** The hosts that nodes may name, as shared/http/host-rules.ts describes them. */
  openedHosts: readonly string[];
}

type PythonConfig = z.infer<ReturnType<typeof makeConfig>>;

export function makePython(grants: PythonGrants, lists: PackageLists): NodeDefinition<PythonConfig> {
  const { packageRules: rules, bounds, openedHosts } = grants;
  return {
    ...python,
    config: makeConfig(bounds, openedHosts),
    validate: ({ packages = [], hosts = [], code = '' }) => [
      ...packageProblems(packages, rules),
      ...hostProblems(hosts, openedHosts),
      ...blockProblems(readScriptBlock(code), packages, rules),
    ],
    async inspect(config, tools) {
      const [found, ofProject] = await Promise.all([
        python.inspect!(config, tools),
        projectProblems(config, tools.project, lists),
      ]);
      return [...ofProject, ...found];
    },
    async execute(context) {
      // Once more: the operator may have closed a host since, and a template may have become one.
      const { config } = context;
      const [problem] = checkHosts(config.hosts, openedHosts);
      if (problem) throw new NodeFailure({ code: problem.code, message: `\`hosts\`: ${problem.message}` });
      await requirePackages(context, lists);
      return python.execute({
        ...context,
        config: { ...config, hosts: narrowHosts(config.hosts, openedHosts) },
      });
    },
  };
}

function openedInWords(opened: readonly string[]): string {
  if (opened.length === 0) return 'This server opens none: its operator opens them by PYTHON_ALLOWED_HOSTS.';
  if (opened.includes('*')) return 'This server opens every host with a public address.';
  const [shown, rest] = [opened.slice(0, MAX_SHOWN_HOSTS), opened.length - MAX_SHOWN_HOSTS];
  return `This server opens ${shown.join(', ')}${rest > 0 ? ` and ${rest} others` : ''} (PYTHON_ALLOWED_HOSTS).`;
}

const MAX_SHOWN_HOSTS = 20;

function boundsInWords({ scratchMb, fileMb, outputMb }: Partial<RunBounds>): string {
  if (scratchMb === undefined || fileMb === undefined || outputMb === undefined) return '';
  const file = fileMb < scratchMb ? ` and a file in it ${fileMb} MiB` : '';
  return ` On this server, its folder may hold ${scratchMb} MiB${file}, and ${outputMb} MiB of its output is kept.`;
}

function inWords(ms: number): string {
  const [count, unit] = ms % 60_000 === 0 ? [ms / 60_000, 'minute'] : [ms / 1_000, 'second'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const python: Omit<NodeDefinition<PythonConfig>, 'config'> = {
  type: 'python',
  version: 1,
  label: 'Python',
  description:
    'Runs Python code in a sandbox of its own: no network but the hosts that it asks for, no host files, bounded time and memory.',
  category: 'code',
  inputs: [{ id: 'input', label: 'Input', description: 'Becomes `input_data`.' }],
  outputs: () => [{ id: 'output', label: 'Output', description: 'What the code left in `result`.' }],
  canFail: true,
  effects: ({ hosts = [] }) => (hosts.length > 0 ? 'outside' : 'none'),
  async inspect({ code, packages = [], hosts = [] }, { sandbox }) {
    if (code === undefined) return [];
    const { findings } = await sandbox.check(code, { packages: allPackagesOf({ code, packages }), hosts });
    // `validate` has the problems of packages, each at its own place.
    return findings.filter(({ rule }) => !Object.hasOwn(packageErrorCodes, rule)).map(toConfigProblem);
  },
  start: ({ code = '' }, sandbox) => {
    const shape = sandbox.shapeOf(code);
    return shape instanceof Promise ? shape.then((known) => ({ shape: known })) : { shape };
  },
  async execute(context) {
    const { config, input, secrets, sandbox, signal, trace } = context;
    const { emit, emitLate, notify, saveArtifact, openFile } = context;
    const outcome = await sandbox.run(
      { ...config, packages: allPackagesOf(config), input: input ?? null, secrets: secrets?.values },
      {
        signal,
        onEvent: async (event) =>
          emit(
            event.kind === 'artifact'
              ? { type: 'ArtifactCreated', artifact: await saveArtifact(toFile(event)) }
              : toWatchedEvent(event, config.code),
          ),
        openFile: (id) => openFile(id).catch(toRefusal),
        traceHeaders: config.hosts.length > 0 ? traceHeaders(trace()) : undefined,
        onLateViolation: ({ violation, isFatal }) =>
          emitLate(violationEvent(violation, config.code), isFatal),
      },
    );
    switch (outcome.kind) {
      case 'succeeded':
        for (const { code, message } of outcome.notices ?? []) await notify(code, message);
        return { handle: 'output', output: outcome.result };
      case 'failed':
        throw new NodeFailure({ ...outcome.error, retryable: isWorthRetrying(outcome.error) });
      case 'aborted':
        throw signal.reason;
      default:
        return outcome satisfies never;
    }
  },
};

/** What keeps the code from running at all keeps the workflow from being saved; what the sandbox will refuse is a warning. */
function toConfigProblem({ rule, message, line, column }: PythonFinding): ConfigProblem {
  const where = line === null ? '' : `Line ${line}${column === null ? '' : `, column ${column}`}: `;
  const text = `${where}${message.replace(/\.$/, '')}.`;
  return mistakes.includes(rule)
    ? { path: ['code'], code: 'INVALID_CODE', message: text }
    : { path: ['code'], code: 'PYTHON_SECURITY_ERROR', message: text, level: 'WARNING' };
}

/** An exception may come of what the code read, so the author of a retry policy decides. */
function isWorthRetrying({ code, retryable }: PythonError): boolean {
  return retryable || code === 'PYTHON_EXECUTION_ERROR';
}

/** A template becomes a package when the node runs, and is checked then. */
function packageProblems(packages: readonly string[], rules: PackageRules): ConfigProblem[] {
  return checkPackages(packages, rules)
    .filter(({ index }) => !hasTemplate(packages[index]))
    .map(({ rule, message, index }) => ({
      path: ['packages', index],
      code: packageErrorCodes[rule],
      message,
    }));
}

function hostProblems(hosts: readonly string[], opened: readonly string[]): ConfigProblem[] {
  return checkHosts(hosts, opened)
    .filter(({ index }) => !hasTemplate(hosts[index]))
    .map(({ code, message, index }) => ({ path: ['hosts', index], code, message }));
}

/** What the code itself declares counts as if it were among the node's packages. */
function blockProblems(
  block: ScriptBlock | null,
  packages: readonly string[],
  rules: PackageRules,
): ConfigProblem[] {
  if (block === null) return [];
  const problem = (code: string, message: string) => ({
    path: ['code'],
    code,
    message: `Line ${block.line}: ${message}`,
  });
  if (block.problem !== null) return [problem('INVALID_REQUIREMENT', block.problem)];
  return checkPackages([...packages, ...block.packages], rules)
    .filter(({ index }) => index >= packages.length)
    .map(({ rule, message }) => problem(packageErrorCodes[rule], message));
}

async function projectProblems(
  { code = '', packages = [] }: Partial<PythonConfig>,
  project: string,
  lists: PackageLists,
): Promise<ConfigProblem[]> {
  const all = allPackagesOf({ code, packages });
  const list = all.length === 0 ? null : await lists.ofProject(project);
  if (list === null) return [];
  return checkProjectPackages(all, list)
    .filter(({ index }) => !hasTemplate(all[index]))
    .map(({ rule, message, index }) => ({
      path: index < packages.length ? ['packages', index] : ['code'],
      code: packageErrorCodes[rule],
      message,
    }));
}

/** Of what was saved before the project allowed less, and of what templates have become. @throws NodeFailure */
async function requirePackages(
  { config, scope, signal }: NodeContext<PythonConfig>,
  lists: PackageLists,
): Promise<void> {
  const packages = allPackagesOf(config);
  const list = packages.length === 0 ? null : await lists.ofExecution(scope.execution.id, signal);
  const [refused] = list === null ? [] : checkProjectPackages(packages, list);
  if (refused) throw new NodeFailure({ code: 'PYTHON_PACKAGE_ERROR', message: refused.message });
}

function allPackagesOf({ code, packages }: { code: string; packages: readonly string[] }): string[] {
  return [...new Set([...packages, ...(readScriptBlock(code)?.packages ?? [])])];
}

/** Of what the sandbox finds, only what keeps the code from running: whether it may is decided by whoever runs it. */
function toWatchedEvent(event: Exclude<PythonEvent, { kind: 'artifact' }>, code: string): WatchedEvent {
  switch (event.kind) {
    case 'output':
      return { type: 'NodeOutput', ...withoutKind(event) };
    case 'progress':
      return { type: 'NodeProgress', ...withoutKind(event) };
    case 'environment':
      return { type: 'NodeEnvironment', ...withoutKind(event) };
    case 'request':
      return { type: 'NetworkRequest', ...withoutKind(event) };
    case 'violation':
      return violationEvent(event.violation, code, event);
  }
}

function violationEvent(
  violation: PythonViolation,
  code: string,
  { count = 1, isFatal = true }: { count?: number | undefined; isFatal?: boolean | undefined } = {},
): LateEvent {
  return {
    type: 'SecurityViolation',
    violation,
    severity: isFatal ? severityOf(violation.layer) : TRIED_BY_A_LIBRARY,
    count,
    codeHash: createHash('sha256').update(code).digest('hex'),
  };
}

function toFile({ id, name, mimeType, base64 }: ArtifactFile): NodeFile {
  return { id, name, mimeType, content: Buffer.from(base64, 'base64') };
}

/** What is wrong with a file is an exception in the code. */
function toRefusal(error: unknown): FileRefusal {
  if (error instanceof NodeFailure && !error.error.retryable) return { refused: error.message };
  throw error;
}

function withoutKind<E extends PythonEvent>({ kind: _kind, ...rest }: E): Omit<E, 'kind'> {
  return rest;
}
