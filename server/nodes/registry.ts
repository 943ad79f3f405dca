import { type Outbound, openOutbound } from '../outbound/outbound.ts';
import { allPackages } from '../packages/check.ts';
import { defaultBounds } from '../sandbox/backend.ts';
import { makeAllowedHosts } from '../shared/http/allowed-hosts.ts';
import { branch } from './builtin/branch.ts';
import { fail } from './builtin/fail.ts';
import { makeHttp } from './builtin/http.ts';
import { input } from './builtin/input.ts';
import { merge } from './builtin/merge.ts';
import { output } from './builtin/output.ts';
import { makePython, type PythonGrants } from './builtin/python.ts';
import { switchNode } from './builtin/switch.ts';
import { transform } from './builtin/transform.ts';
import type { NodeDefinition } from './definition.ts';

export type NodeRegistry = ReadonlyMap<string, NodeDefinition>;

/** Every node type. */
export function makeNodeRegistry(grants: PythonGrants, outbound: Outbound): NodeRegistry {
  const python = makePython(grants);
  const http = makeHttp(outbound);
  // Only a definition itself knows the type of its configuration.
  const builtin = [
    input,
    output,
    python,
    branch,
    switchNode,
    merge,
    fail,
    transform,
    http,
  ] as unknown as NodeDefinition[];
  return new Map(builtin.map((definition) => [definition.type, definition]));
}

/** What no operator has changed: every package is allowed, and none but public hosts are reached. */
export const nodeRegistry: NodeRegistry = makeNodeRegistry(
  { packageRules: allPackages, maxTimeoutMs: defaultBounds.maxTimeoutMs },
  openOutbound({ allowedHosts: makeAllowedHosts([]) }),
);
