import { weftValidator } from '../validator.ts';
import { weftFields } from './schema-field.tsx';
import { stockWidgets, weftTemplates } from './templates.tsx';

/** What all of our forms by react-jsonschema-form have in common. */
export const weftForm = {
  tagName: 'div',
  fields: weftFields,
  templates: weftTemplates,
  widgets: stockWidgets,
  validator: weftValidator,
  experimental_defaultFormStateBehavior: {
    emptyObjectFields: 'skipDefaults',
    arrayMinItems: { populate: 'never' },
  },
  // What is wrong with a value is the server's to say.
  noValidate: true,
  showErrorList: false,
} as const;

/** A field that was emptied is left out, as it was before it was filled in. */
export function withoutEmpty(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}
