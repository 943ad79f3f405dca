import { type Outbound, openOutbound } from '../outbound/outbound.ts';
import { allPackages, type PackageRules } from '../packages/check.ts';
import { makeAllowedHosts } from '../shared/http/allowed-hosts.ts';
import { branch } from './builtin/branch.ts';
import { delay } from './builtin/delay.ts';
import { fail } from './builtin/fail.ts';
import { makeHttp } from './builtin/http.ts';
import { input } from './builtin/input.ts';
import { merge } from './builtin/merge.ts';
import { output } from './builtin/output.ts';
import { makePython } from './builtin/python.ts';
import { switchNode } from './builtin/switch.ts';
import { transform } from './builtin/transform.ts';
import type { NodeDefinition } from './definition.ts';

export type NodeRegistry = ReadonlyMap<string, NodeDefinition>;

/** Every node type. `packageRules` are the operator's; a workflow is checked against them when it is saved. */
export function makeNodeRegistry(
  packageRules: PackageRules,
  outbound: Outbound,
  maxFileBytes: number,
): NodeRegistry {
  const python = makePython(packageRules);
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
    fail,
    transform,
    http,
  ] as unknown as NodeDefinition[];
  return new Map(builtin.map((definition) => [definition.type, definition]));
}

/** Without package rules: every package is allowed. Without hosts: none but public ones are reached. */
export const nodeRegistry: NodeRegistry = makeNodeRegistry(
  allPackages,
  openOutbound({ allowedHosts: makeAllowedHosts([]) }),
  64 * 1024 * 1024,
);
