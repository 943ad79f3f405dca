import { type Outbound, openOutbound } from '../outbound/outbound.ts';
import { allPackages } from '../packages/check.ts';
import { defaultBounds } from '../sandbox/backend.ts';
import { makeAllowedHosts } from '../shared/http/allowed-hosts.ts';
import type { Approvals } from './approvals.ts';
import { makeApproval } from './builtin/approval.ts';
import { branch } from './builtin/branch.ts';
import { delay } from './builtin/delay.ts';
import { fail } from './builtin/fail.ts';
import { makeHttp } from './builtin/http.ts';
import { input } from './builtin/input.ts';
import { merge } from './builtin/merge.ts';
import { output } from './builtin/output.ts';
import { makePython, type PythonGrants } from './builtin/python.ts';
import { makeRepeat } from './builtin/repeat.ts';
import { respond } from './builtin/respond.ts';
import { makeSubworkflow } from './builtin/subworkflow.ts';
import { switchNode } from './builtin/switch.ts';
import { transform } from './builtin/transform.ts';
import type { Children } from './children.ts';
import type { NodeDefinition } from './definition.ts';
import type { PackageLists } from './package-lists.ts';

/** What nodes reach of the server beside what their context has. */
export interface NodeServices {
  children: Children;
  approvals: Approvals;
  packageLists: PackageLists;
}

export type NodeRegistry = ReadonlyMap<string, NodeDefinition>;

/** Every node type. */
export function makeNodeRegistry(
  grants: PythonGrants,
  outbound: Outbound,
  { children, approvals, packageLists }: NodeServices,
  maxFileBytes: number,
): NodeRegistry {
  const python = makePython(grants, packageLists);
  const http = makeHttp(outbound, maxFileBytes);
  // Only a definition itself knows the type of its configuration.
  const builtin = [
    input,
    output,
    python,
    branch,
    switchNode,
    merge,
    delay,
    makeSubworkflow(children),
    makeRepeat(children),
    makeApproval(approvals),
    fail,
    transform,
    http,
    respond,
  ] as unknown as NodeDefinition[];
  return new Map(builtin.map((definition) => [definition.type, definition]));
}

const nowhere = () => Promise.reject(new Error('This registry has no server around it.'));
const noServices: NodeServices = {
  children: { start: nowhere, outcome: nowhere, problem: async () => null },
  approvals: { open: nowhere, stateOf: nowhere, formProblem: async () => null },
  packageLists: { ofProject: async () => null, ofExecution: async () => null },
};

/** What no operator has changed: every package is allowed, and none but public hosts are reached. No server is around it. */
export const nodeRegistry: NodeRegistry = makeNodeRegistry(
  { packageRules: allPackages, bounds: defaultBounds, openedHosts: [] },
  openOutbound({ allowedHosts: makeAllowedHosts([]) }),
  noServices,
  64 * 1024 * 1024,
);
