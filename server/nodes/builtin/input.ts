import { z } from 'zod';
import type { NodeDefinition } from '../definition.ts';

const config = z.strictObject({});

export const input: NodeDefinition<z.infer<typeof config>> = {
  type: 'input',
  version: 1,
  label: 'Input',
  description: "Starts the workflow: emits the execution's input.",
  category: 'flow',
  role: 'input',
  config,
  inputs: [],
  outputs: () => [{ id: 'output', label: 'Output', description: "The execution's input." }],
  canFail: false,
  outputExpression: () => 'execution.input',
  effects: 'none',
  execute: async ({ scope }) => ({ handle: 'output', output: scope.execution.input }),
};
