import { allPackages, type PackageRules } from '../packages/check.ts';
import { branch } from './builtin/branch.ts';
import { input } from './builtin/input.ts';
import { output } from './builtin/output.ts';
import { makePython } from './builtin/python.ts';
import { switchNode } from './builtin/switch.ts';
import { transform } from './builtin/transform.ts';
import type { NodeDefinition } from './definition.ts';

export type NodeRegistry = ReadonlyMap<string, NodeDefinition>;

/** Every node type; `packageRules` are the operator's, which are known at save. */
export function makeNodeRegistry(packageRules: PackageRules): NodeRegistry {
  const python = makePython(packageRules);
  // A definition's configuration is known to itself alone; to everybody else it is a NodeDefinition<unknown>.
  const builtin = [input, output, python, branch, switchNode, transform] as unknown as NodeDefinition[];
  return new Map(builtin.map((definition) => [definition.type, definition]));
}

/** Where any package may be asked for. */
export const nodeRegistry: NodeRegistry = makeNodeRegistry(allPackages);
