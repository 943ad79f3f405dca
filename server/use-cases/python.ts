import { packageErrorCodes } from '../packages/check.ts';
import type { PythonEnvironment } from '../packages/environment.ts';
import { PackageError, PackageRefusal } from '../packages/errors.ts';
import { MAX_CODE_CHARACTERS, type PythonFinding, type SandboxBackend } from '../sandbox/backend.ts';
import { WeftError } from '../shared/errors.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { Outcome, UserError } from './types.ts';

export function makePythonUseCases({ sandbox }: { sandbox: SandboxBackend }) {
  return {
    /** All reasons why the code would be refused, without running it. @throws WeftError BAD_USER_INPUT */
    async check(code: string, packages: readonly string[]): Promise<PythonFinding[]> {
      if (code.length <= MAX_CODE_CHARACTERS) return sandbox.check(code, packages);
      throw new WeftError(
        'BAD_USER_INPUT',
        `Expected \`code\` of at most ${MAX_CODE_CHARACTERS} characters, got ${code.length}.`,
      );
    },

    environments: (): Promise<PythonEnvironment[]> => sandbox.environments.list(),

    /** Resolves when the environment is ready. A caller that stops waiting does not stop the build. */
    async prepareEnvironment(packages: readonly string[]): Promise<Outcome<PythonEnvironment>> {
      if (packages.length === 0) {
        return refuse('REQUIRED', 'packages', 'Expected at least one package, such as pandas, got none.');
      }
      const { signal } = new AbortController();
      try {
        return { ok: true, value: await sandbox.environments.prepare(packages, { signal, onEvent() {} }) };
      } catch (error) {
        const userErrors = packageUserErrors(error);
        if (userErrors === null) throw error;
        return { ok: false, userErrors };
      }
    },

    async deleteEnvironment(id: string): Promise<Outcome<{ id: string }>> {
      if (await sandbox.environments.delete(id)) return { ok: true, value: { id } };
      const isThere = (await sandbox.environments.list()).some((environment) => environment.id === id);
      return isThere
        ? refuse('IN_USE', 'id', 'A run uses this environment, or it is being built. Try again later.')
        : refuseNotFound('Python environment', id);
    },
  };
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
