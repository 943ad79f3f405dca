import { createRequire } from 'node:module';
import type { FormProps } from '@rjsf/core';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type ComponentType, createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describeNode } from '../../../server/nodes/describe.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';

// Their builds for Node are CommonJS.
const require = createRequire(import.meta.url);
const { default: Form } = require('@rjsf/core') as { default: ComponentType<FormProps> };
const { customizeValidator } = require('@rjsf/validator-ajv8') as typeof import('@rjsf/validator-ajv8');
const validator = customizeValidator({ AjvClass: Ajv2020 as never });

const configs: Record<string, object> = {
  python: { code: 'result = 1', packages: ['pandas'], timeoutMs: 30_000 },
  branch: { condition: 'input.total > 100' },
  switch: { cases: [{ handle: 'north', when: 'input.country = "NO"' }] },
  transform: { expression: 'input' },
  merge: { emit: 'list' },
  fail: { code: 'REFUSED', message: 'Order {{ input.id }}' },
  output: { value: { total: 1, note: '{{ input.note }}' } },
};

test.each([...nodeRegistry.values()].map((definition) => [definition.type, definition] as const))(
  'stock react-jsonschema-form draws the form of a %s node, empty and filled in',
  (type, definition) => {
    const { configSchema, uiSchema, fields } = describeNode(definition);
    for (const formData of [{}, configs[type] ?? {}]) {
      const html = draw(configSchema as RJSFSchema, uiSchema as UiSchema, formData);
      for (const { label } of fields) expect(html).toContain(label);
      expect(html).not.toMatch(/Unsupported field|Unknown field/);
    }
  },
);

function draw(schema: RJSFSchema, uiSchema: UiSchema, formData: object): string {
  return renderToStaticMarkup(createElement(Form, { schema, uiSchema, formData, validator }));
}
