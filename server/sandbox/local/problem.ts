import type { PythonErrorCode } from '../backend.ts';

/** The reason why no Python can run on this host, and the remedy. */
export class SandboxProblem extends Error {
  constructor(
    readonly code: PythonErrorCode,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = 'SandboxProblem';
  }
}

/** A module could not be imported ahead; python/preload.py lists the reasons. */
export class PreloadProblem extends Error {
  constructor(
    readonly module: string,
    why: string,
  ) {
    super(`Importing ${module} ahead: ${why}`);
  }
}

/** The host does not allow a room or a cell. */
export function namespacesRefused(detail: string): SandboxProblem {
  return new SandboxProblem(
    'PYTHON_SANDBOX_UNAVAILABLE',
    `Expected this host to allow a sandbox, but it refused: ${detail}`,
    'Allow this user to make namespaces: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000, ' +
      'and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; in a container, allow them in its seccomp profile.',
  );
}
