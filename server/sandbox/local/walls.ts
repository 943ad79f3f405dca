import type { SandboxStatus } from '../backend.ts';

/**
 * The walls between code and this host, as the doctor and clients see them. The parts of the kernel wall are in force
 * all together or not at all: a cell that lacks one of them is never made, so one waiting cell proves them all.
 */
export function wallsInForce(
  policy: 'strict' | 'kernel',
  canMakeCells: boolean,
  { groups, detail }: { groups: object | null; detail: string },
): SandboxStatus['walls'] {
  const inPython = Object.entries(IN_PYTHON).map(([name, detail]) => ({
    name,
    inForce: policy === 'strict',
    detail: policy === 'strict' ? detail : 'off, because PYTHON_POLICY is kernel; set it to strict',
  }));
  const inKernel = Object.entries(IN_KERNEL).map(([name, detail]) => ({
    name,
    inForce: canMakeCells,
    detail: canMakeCells ? detail : 'this host cannot make a sandbox',
  }));
  return [
    ...inPython,
    ...inKernel,
    { name: 'control groups', inForce: canMakeCells && groups !== null, detail },
  ];
}

const IN_PYTHON = {
  static: 'code is read before it runs',
  runtime: 'audit hooks judge what code does',
};

const IN_KERNEL = {
  room: 'bubblewrap: read-only libraries and no programs, empty environment, unprivileged user',
  namespaces: 'every run has its own user, process, mount, IPC, host name and network namespaces',
  'system calls': 'seccomp refuses those that reach past namespaces, and reports them',
  limits:
    'memory and CPU time are watched every 20 ms; rlimits and a scratch folder of fixed size bound the rest',
};
