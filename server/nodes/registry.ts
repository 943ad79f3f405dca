import { branch } from './builtin/branch.ts';
import { input } from './builtin/input.ts';
import { output } from './builtin/output.ts';
import { python } from './builtin/python.ts';
import { switchNode } from './builtin/switch.ts';
import { transform } from './builtin/transform.ts';
import type { NodeDefinition } from './definition.ts';

export type NodeRegistry = ReadonlyMap<string, NodeDefinition>;

/** A definition's configuration is known to itself alone; to everybody else it is a NodeDefinition<unknown>. */
const builtin = [input, output, python, branch, switchNode, transform] as unknown as NodeDefinition[];

export const nodeRegistry: NodeRegistry = new Map(builtin.map((definition) => [definition.type, definition]));
