import type { PythonPolicy, SandboxStatus } from '../backend.ts';
import { ROOM_UID } from './room.ts';

/**
 * The walls between code and this host, as the doctor and clients see them. The parts of the kernel wall are in force
 * all together or not at all: a cell that lacks one of them is never made, so one waiting cell proves them all.
 */
export function wallsInForce(
  policy: PythonPolicy,
  canMakeCells: boolean,
  asRoot: boolean,
  { groups, detail }: { groups: object | null; detail: string },
): SandboxStatus['walls'] {
  const inPython = Object.entries(IN_PYTHON).map(([name, detail]) => ({
    name,
    inForce: policy !== 'kernel',
    detail: policy === 'kernel' ? OFF : `${detail}, by the policy ${policy}`,
  }));
  const counts = asRoot ? OWN_USER : SHARED_USER;
  const inKernel = Object.entries({ ...IN_KERNEL, 'counts per user': counts }).map(([name, detail]) => ({
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

const OFF =
  'off where a workflow asks for no stricter policy, because PYTHON_POLICY is kernel; set it to strict or standard';

const IN_PYTHON = {
  static: 'code is read before it runs',
  runtime: 'audit hooks judge what code does',
};

const IN_KERNEL = {
  room: 'bubblewrap: read-only libraries and no programs, empty environment, unprivileged user',
  namespaces: 'every run has its own user, process, mount, IPC, host name and network namespaces',
  'system calls': 'seccomp allows those that programs need, and reports those that reach past namespaces',
  limits:
    'memory and CPU time are watched every 20 ms; rlimits and a scratch folder of fixed size bound the rest',
};

/** What the kernel counts for a user, and neither for a process nor for a namespace (DESIGN.md). */
const OWN_USER = `runs have a user of their own (${ROOM_UID}), so that none uses up what the kernel grants this server's; each run is bounded as well`;
const SHARED_USER =
  "runs have this server's user, so the watches, pipes, signals, locks and mappings of each run are counted and bounded";
