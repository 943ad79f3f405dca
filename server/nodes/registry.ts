import { allPackages, type PackageRules } from '../packages/check.ts';
import { branch } from './builtin/branch.ts';
import { input } from './builtin/input.ts';
import { output } from './builtin/output.ts';
import { makePython } from './builtin/python.ts';
import { switchNode } from './builtin/switch.ts';
import { transform } from './builtin/transform.ts';
import type { NodeDefinition } from './definition.ts';

export type NodeRegistry = ReadonlyMap<string, NodeDefinition>;

/** Every node type. `packageRules` are the operator's; a workflow is checked against them when it is saved. */
export function makeNodeRegistry(packageRules: PackageRules): NodeRegistry {
  const python = makePython(packageRules);
  // Only a definition itself knows the type of its configuration.
  const builtin = [input, output, python, branch, switchNode, transform] as unknown as NodeDefinition[];
  return new Map(builtin.map((definition) => [definition.type, definition]));
}

/** Without package rules: every package is allowed. */
export const nodeRegistry: NodeRegistry = makeNodeRegistry(allPackages);
