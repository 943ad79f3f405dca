import type { PythonErrorCode } from '../backend.ts';

/** Why no Python can run here at all, with what to do about it. */
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

/** The host does not let a room or a cell be made. */
export function namespacesRefused(detail: string): SandboxProblem {
  return new SandboxProblem(
    'PYTHON_SANDBOX_UNAVAILABLE',
    `Expected this host to allow a sandbox, but it refused: ${detail}`,
    'Let this user make namespaces: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000, ' +
      'and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; in a container, allow them in its seccomp profile.',
  );
}
