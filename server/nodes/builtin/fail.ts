import { z } from 'zod';
import { type FieldMeta, type NodeDefinition, NodeFailure } from '../definition.ts';

const config = z.strictObject({
  code: z
    .string()
    .max(64)
    .regex(/^[A-Z][A-Z0-9_]*$/, 'Expected capital letters, digits and _, such as ORDER_REFUSED')
    .meta({
      title: 'Code',
      description: 'What programs know the failure by: `code` of the error. It may hold templates.',
      placeholder: 'ORDER_REFUSED',
      widget: 'text',
    } satisfies FieldMeta),
  message: z
    .string()
    .min(1)
    .max(10_000)
    .meta({
      title: 'Message',
      description: 'What people read of the failure. It may hold templates.',
      placeholder: 'Order {{ input.id }} has no lines',
      widget: 'textarea',
    } satisfies FieldMeta),
});

export const fail: NodeDefinition<z.infer<typeof config>> = {
  type: 'fail',
  version: 1,
  label: 'Fail',
  description:
    'Fails with a code and a message, and so does the execution, unless an edge leads from `error`.',
  category: 'flow',
  config,
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: () => [],
  canFail: true,
  effects: 'none',
  execute: ({ config }) => Promise.reject(new NodeFailure(config)),
};
