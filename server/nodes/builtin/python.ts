import { createHash } from 'node:crypto';
import { z } from 'zod';
import { checkPackages, MAX_PACKAGES, type PackageRules, packageErrorCodes } from '../../packages/check.ts';
import {
  MAX_CODE_CHARACTERS,
  MAX_RECURSION_LIMIT,
  type PythonError,
  type PythonEvent,
  type PythonFinding,
  type PythonViolation,
} from '../../sandbox/backend.ts';
import { severityOf, TRIED_BY_A_LIBRARY } from '../../shared/severity.ts';
import {
  type ConfigProblem,
  type FieldMeta,
  type LateEvent,
  type NodeDefinition,
  NodeFailure,
  type WatchedEvent,
} from '../definition.ts';
import { hasTemplate } from '../template.ts';

const config = z.strictObject({
  code: z
    .string()
    .min(1)
    .max(MAX_CODE_CHARACTERS)
    .meta({
      title: 'Code',
      description:
        "Python 3. `input_data` is the node's input; set `result`, or end with an expression, to set the output. `progress(current, total, message)` and `tqdm` report progress; figures of matplotlib, and the data of `save_artifact(name, data)`, become files to download.",
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
  timeoutMs: z
    .int()
    .min(1_000)
    .max(300_000)
    .default(30_000)
    .meta({
      title: 'Timeout',
      description: 'How long the code may run before it is stopped: 1 second to 5 minutes.',
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
      description: 'Most memory the run may use, in MiB.',
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

export function makePython(rules: PackageRules): NodeDefinition<z.infer<typeof config>> {
  return { ...python, validate: ({ packages = [] }) => packageProblems(packages, rules) };
}

const python: NodeDefinition<z.infer<typeof config>> = {
  type: 'python',
  version: 1,
  label: 'Python',
  description:
    'Runs Python code in a sandbox of its own: no network, no host files, bounded time and memory.',
  category: 'code',
  config,
  inputs: [{ id: 'input', label: 'Input', description: 'Becomes `input_data`.' }],
  outputs: () => [{ id: 'output', label: 'Output', description: 'What the code left in `result`.' }],
  canFail: true,
  effects: 'none',
  findWarnings: async ({ code }, { sandbox }) =>
    code === undefined ? [] : (await sandbox.check(code)).map(toConfigProblem),
  async execute({ config, input, sandbox, signal, emit, emitLate, notify, saveArtifact }) {
    const outcome = await sandbox.run(
      { ...config, input: input ?? null },
      {
        signal,
        onEvent: async (event) =>
          emit(
            event.kind === 'artifact'
              ? { type: 'ArtifactCreated', artifact: await saveArtifact(event) }
              : toWatchedEvent(event, config.code),
          ),
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

function toConfigProblem({ rule, message, line, column }: PythonFinding): ConfigProblem {
  const where = line === null ? '' : `Line ${line}${column === null ? '' : `, column ${column}`}: `;
  const code = rule === 'syntax-error' ? 'PYTHON_EXECUTION_ERROR' : 'PYTHON_SECURITY_ERROR';
  return { path: ['code'], code, message: `${where}${message}` };
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

function toWatchedEvent(event: Exclude<PythonEvent, { kind: 'artifact' }>, code: string): WatchedEvent {
  switch (event.kind) {
    case 'output':
      return { type: 'NodeOutput', ...withoutKind(event) };
    case 'progress':
      return { type: 'NodeProgress', ...withoutKind(event) };
    case 'environment':
      return { type: 'NodeEnvironment', ...withoutKind(event) };
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

function withoutKind<E extends PythonEvent>({ kind: _kind, ...rest }: E): Omit<E, 'kind'> {
  return rest;
}
