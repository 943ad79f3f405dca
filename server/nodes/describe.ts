import { z } from 'zod';
import { errorHandle, type FieldMeta, type Handle, type NodeDefinition } from './definition.ts';
import type { Join } from './draft.ts';

/** A node definition as a frontend reads it. */
export interface NodeDescription {
  type: string;
  version: number;
  label: string;
  description: string;
  category: string;
  /** Null where each node says it. */
  join: Join | null;
  fields: FieldDescription[];
  inputs: readonly Handle[];
  /** For handles that depend on the configuration: those of an empty one. */
  outputs: readonly Handle[];
  errorHandle: Handle | null;
  configSchema: object;
  uiSchema: object;
}

export interface FieldDescription {
  name: string;
  label: string;
  /** string, integer, number, boolean, array, object or json. */
  type: string;
  required: boolean;
  default: unknown;
  min: number | null;
  max: number | null;
  description: string | null;
  placeholder: string | null;
  widget: string | null;
  /** The values that it may have, where they are few. */
  choices: string[] | null;
  language: string | null;
}

interface JsonSchemaField extends FieldMeta {
  type?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

/** Computed once: validation needs it for each problem of a configuration. */
export const describeNode = oncePerDefinition(describe);

/** Top-level fields in which `{{ }}` is part of the text. */
export const untemplatedFields = oncePerDefinition(
  (definition): ReadonlySet<string> =>
    new Set(
      Object.keys(definition.config.shape).filter((name) => fieldMeta(definition, name)?.templated === false),
    ),
);

/** Top-level fields whose templates may name secrets, and those that list names of secrets. */
export const secretFields = oncePerDefinition((definition) => {
  const withRole = (role: FieldMeta['secrets']) =>
    new Set(
      Object.keys(definition.config.shape).filter((name) => fieldMeta(definition, name)?.secrets === role),
    );
  return { templates: withRole('templates'), names: withRole('names') };
});

function oncePerDefinition<Value>(
  compute: (definition: NodeDefinition) => Value,
): (definition: NodeDefinition) => Value {
  const known = new WeakMap<NodeDefinition, Value>();
  return (definition) => {
    const value = known.get(definition) ?? compute(definition);
    known.set(definition, value);
    return value;
  };
}

function describe(definition: NodeDefinition): NodeDescription {
  const schema = z.toJSONSchema(definition.config, { io: 'input', unrepresentable: 'any' });
  const properties = (schema.properties ?? {}) as Record<string, JsonSchemaField>;
  const required = new Set(schema.required ?? []);
  const { type, version, label, description, category, join = null, inputs, canFail } = definition;
  return {
    type,
    version,
    label,
    description,
    category,
    join,
    fields: Object.entries(properties).map(([name, field]) => describeField(name, field, required.has(name))),
    inputs,
    outputs: definition.outputs({}).map(({ isOptional: _, ...handle }) => handle),
    errorHandle: canFail ? errorHandle : null,
    configSchema: schema,
    uiSchema: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, uiOf(field)])),
  };
}

/** How a top-level field is shown; undefined where there is none of this name. */
function fieldMeta(definition: NodeDefinition, name: string): FieldMeta | undefined {
  const field = (definition.config.shape as Record<string, z.ZodType | undefined>)[name];
  return field?.meta() as FieldMeta | undefined;
}

function describeField(name: string, field: JsonSchemaField, required: boolean): FieldDescription {
  return {
    name,
    label: field.title ?? name,
    type: field.type ?? 'json',
    required,
    default: field.default ?? null,
    min: field.minimum ?? field.minLength ?? field.minItems ?? null,
    max: field.maximum ?? field.maxLength ?? field.maxItems ?? null,
    description: field.description ?? null,
    placeholder: field.placeholder ?? null,
    widget: field.widget ?? null,
    choices: field.choices === undefined ? null : Object.keys(field.choices),
    language: field.language ?? null,
  };
}

/**
 * react-jsonschema-form's vocabulary, and true in it: `ui:widget` names a widget that every theme has, or is left out
 * where the schema alone draws the field well. `weft` among the options names the widget of @weft/studio.
 */
function uiOf(field: JsonSchemaField): object {
  const { widget = field.type === 'boolean' ? 'checkbox' : 'text', placeholder, language, choices } = field;
  const stockWidget = stockWidgetOf(field);
  return {
    ...(stockWidget && { 'ui:widget': stockWidget }),
    // A stock widget shows the number as the API counts it; @weft/studio shows seconds.
    ...(widget === 'duration' && { 'ui:title': `${field.title} (milliseconds)` }),
    ...(placeholder !== undefined && { 'ui:placeholder': stockPlaceholder(field) }),
    ...(choices !== undefined && { 'ui:enumNames': Object.values(choices) }),
    'ui:options': {
      weft: widget,
      ...(choices !== undefined && { choices }),
      ...(language !== undefined && { language }),
      ...(placeholder !== undefined && { example: placeholder }),
      ...(widget === 'duration' && {
        unit: 'seconds',
        factor: 1_000,
        min: field.minimum! / 1_000,
        max: field.maximum! / 1_000,
      }),
    },
  };
}

/** Of arrays and of JSON there is none: react-jsonschema-form draws those by their schemas. */
function stockWidgetOf({ widget, type }: JsonSchemaField): string | undefined {
  switch (type) {
    case 'string':
      if (widget === 'select') return 'select';
      return widget === 'code' || widget === 'expression' || widget === 'textarea' ? 'textarea' : 'text';
    case 'integer':
    case 'number':
      return 'updown';
    case 'boolean':
      return 'checkbox';
    default:
      return undefined;
  }
}

/** A duration's is in seconds, and the stock widget's number in milliseconds. */
function stockPlaceholder({ widget, placeholder }: JsonSchemaField): string {
  return widget === 'duration' ? String(Number(placeholder) * 1_000) : placeholder!;
}
