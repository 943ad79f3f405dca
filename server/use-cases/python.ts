import { packageErrorCodes } from '../packages/check.ts';
import type { EnvironmentEvent, PrepareOptions, PythonEnvironment } from '../packages/environment.ts';
import { PackageError, PackageRefusal } from '../packages/errors.ts';
import { normalizeName, parseRequirement } from '../packages/requirement.ts';
import { readScriptBlock, type ScriptBlock } from '../packages/script-block.ts';
import {
  type CheckOptions,
  MAX_CODE_CHARACTERS,
  type PythonCheck,
  type PythonFinding,
  type PythonPolicy,
  type SandboxBackend,
} from '../sandbox/backend.ts';
import { WeftError } from '../shared/errors.ts';
import { checkHosts } from '../shared/http/host-rules.ts';
import { abortableGenerator } from './abortable-generator.ts';
import { policyErrors } from './python-policy.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { Outcome, UserError } from './types.ts';

export interface PythonDeps {
  sandbox: SandboxBackend;
  /** The loosest that the operator grants; null where sandbox services decide. */
  pythonPolicy: PythonPolicy | null;
  /** The hosts that nodes may name. */
  openedHosts: readonly string[];
}

export function makePythonUseCases({ sandbox, pythonPolicy, openedHosts }: PythonDeps) {
  return {
    /** All reasons why the code would be refused, without running it. @throws WeftError BAD_USER_INPUT */
    async check(
      code: string,
      { packages, policy, hosts }: CheckOptions & { packages: readonly string[] },
    ): Promise<CheckedCode> {
      const [refused] = policyErrors(policy, pythonPolicy, 'policy');
      if (refused) throw new WeftError('BAD_USER_INPUT', refused.message);
      if (code.length > MAX_CODE_CHARACTERS) {
        throw new WeftError(
          'BAD_USER_INPUT',
          `Expected \`code\` of at most ${MAX_CODE_CHARACTERS} characters, got ${code.length}.`,
        );
      }
      const block = readScriptBlock(code);
      const [found, ofBlock] = await Promise.all([
        sandbox.check(code, { packages, policy, hosts }),
        block === null ? [] : checkBlock(block),
      ]);
      const declared = block?.packages ?? [];
      return {
        ...found,
        findings: [...ofBlock, ...hostFindings(hosts ?? []), ...found.findings],
        packages: declared,
        missingPackages: missingOf(found.imports, [...packages, ...declared]),
      };
    },

    environments: (): Promise<PythonEnvironment[]> => sandbox.environments.list(),

    /** Resolves when the environment is ready. A caller that stops waiting does not stop the build. */
    prepareEnvironment: (packages: readonly string[]): Promise<Outcome<PythonEnvironment>> =>
      prepare(packages, { signal: new AbortController().signal, onEvent() {} }),

    /** The same, stage by stage; the last stage is READY or FAILED. */
    environmentProgress: (packages: readonly string[]): AsyncIterableIterator<EnvironmentProgress> =>
      abortableGenerator((signal) => progress(packages, signal)),

    async deleteEnvironment(id: string): Promise<Outcome<{ id: string }>> {
      if (await sandbox.environments.delete(id)) return { ok: true, value: { id } };
      const isThere = (await sandbox.environments.list()).some((environment) => environment.id === id);
      return isThere
        ? refuse('IN_USE', 'id', 'A run uses this environment, or it is being built. Try again later.')
        : refuseNotFound('Python environment', id);
    },
  };

  /** As saving refuses them: they stand beside the code, and so have no line. */
  function hostFindings(hosts: readonly string[]): PythonFinding[] {
    return checkHosts(hosts, openedHosts).map(({ code, message }) => ({
      rule: HOST_RULES[code],
      message,
      line: null,
      column: null,
    }));
  }

  async function checkBlock({ packages, line, problem }: ScriptBlock): Promise<PythonFinding[]> {
    if (problem !== null) return [{ rule: 'invalid-requirement', message: problem, line, column: 1 }];
    const { findings } = await sandbox.check('', { packages });
    return findings.map((finding) => ({ ...finding, line, column: 1 }));
  }

  async function prepare(
    packages: readonly string[],
    options: PrepareOptions,
  ): Promise<Outcome<PythonEnvironment>> {
    if (packages.length === 0)
      return refuse('REQUIRED', 'packages', 'Expected at least one package, such as pandas, got none.');
    try {
      return { ok: true, value: await sandbox.environments.prepare(packages, options) };
    } catch (error) {
      const userErrors = packageUserErrors(error);
      if (userErrors === null) throw error;
      return { ok: false, userErrors };
    }
  }

  async function* progress(
    packages: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<EnvironmentProgress, void> {
    let stages: EnvironmentEvent[] = []; // a build has a handful
    let wake = Promise.withResolvers<void>();
    const onEvent = (event: EnvironmentEvent) => {
      stages.push(event);
      wake.resolve();
    };
    signal.addEventListener('abort', () => wake.resolve(), { once: true });
    let end: { outcome: Outcome<PythonEnvironment> } | { error: unknown } | undefined;
    void prepare(packages, { signal, onEvent })
      .then(
        (outcome) => (end = { outcome }),
        (error) => (end = { error }),
      )
      .then(() => wake.resolve());
    while (end === undefined) {
      await wake.promise;
      wake = Promise.withResolvers();
      if (signal.aborted) return;
      const news = stages.filter(({ status }) => status === 'RESOLVING' || status === 'INSTALLING');
      stages = [];
      for (const stage of news) yield { ...stage, environment: null };
    }
    if ('error' in end) throw end.error;
    yield lastStage(packages, end.outcome);
  }
}

const HOST_RULES = { INVALID_HOST: 'invalid-host', HOST_NOT_ALLOWED: 'host-not-allowed' } as const;

export interface CheckedCode extends PythonCheck {
  /** That the code declares itself. */
  packages: string[];
  /** That it imports, and that are neither among its packages nor declared. */
  missingPackages: string[];
}

function missingOf(imported: readonly string[], requirements: readonly string[]): string[] {
  const named = new Set(
    requirements.flatMap((text) => {
      const parsed = parseRequirement(text);
      return parsed.ok ? [parsed.requirement.name] : [];
    }),
  );
  return imported.filter((name) => !named.has(normalizeName(name)));
}

export type EnvironmentProgress = EnvironmentEvent & { environment: PythonEnvironment | null };

function lastStage(packages: readonly string[], outcome: Outcome<PythonEnvironment>): EnvironmentProgress {
  if (outcome.ok) return { status: 'READY', packages, message: null, environment: outcome.value };
  const message = outcome.userErrors.map(({ message }) => message).join('\n');
  return { status: 'FAILED', packages, message, environment: null };
}

function packageUserErrors(error: unknown): UserError[] | null {
  if (error instanceof PackageRefusal) {
    return error.findings.map(({ rule, message, index }) => ({
      code: packageErrorCodes[rule],
      field: `packages.${index}`,
      message,
    }));
  }
  if (error instanceof PackageError) return [{ code: error.code, field: 'packages', message: error.message }];
  return null;
}
