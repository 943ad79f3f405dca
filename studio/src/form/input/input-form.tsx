import { type UserError, WeftInputError } from '@weft/client';
import { lazy, type ReactElement, Suspense, useState } from 'react';
import { messageOf } from '../../data/executions.ts';
import { Button } from '../../ui/button.tsx';
import { SkeletonRows } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { JsonField } from '../json-field.tsx';
import './input-form.css';

export interface InputFormProps {
  /** The workflow's `inputSchema`; null where any input will do. */
  schema: unknown;
  /** Undefined is an empty form. */
  value: unknown;
  onChange: (value: unknown) => void;
  /** Reports whether what was typed can be sent: half a JSON cannot. */
  onValidity: (isValid: boolean) => void;
  /** Why the last start with it failed: what concerns a field is shown there. */
  error: Error | null;
  /** A line about the input, such as where it comes from. */
  description?: string;
  /** Of the JSON. 10 unless given. */
  rows?: number;
}

/** react-jsonschema-form is large: it comes when there is a form to draw. */
const SchemaFields = lazy(() => import('./schema-fields.tsx'));

/** The input of a run: a form where the schema says what its fields are, JSON where it does not, or on demand. */
export function InputForm(props: InputFormProps): ReactElement {
  const { schema, value, onChange, onValidity, error, description, rows = 10 } = props;
  const canDraw = hasFields(schema) && (value === undefined || isObject(value));
  const [isJson, setIsJson] = useState(false);
  if (!canDraw || isJson) {
    return (
      <div className="weft-input-form">
        <JsonField
          label="Input"
          description={
            description ?? (schema == null ? 'JSON; empty for none.' : 'JSON that fits the input schema.')
          }
          value={value}
          onChange={onChange}
          onValidity={onValidity}
          error={messageOf(error)}
          rows={rows}
        />
        {canDraw && (
          <Switch
            onClick={() => {
              setIsJson(false);
              onValidity(true);
            }}
          >
            Edit in a form
          </Switch>
        )}
      </div>
    );
  }
  const userErrors = error instanceof WeftInputError ? error.userErrors : [];
  const elsewhere =
    error instanceof WeftInputError ? userErrors.filter((each) => !isOfField(each, schema)) : [error];
  return (
    <fieldset className="weft-input-form">
      <legend className="weft-field__label">Input</legend>
      {description && <p className="weft-field__description">{description}</p>}
      <Suspense fallback={<SkeletonRows />}>
        <SchemaFields schema={schema} value={value} onChange={onChange} problems={userErrors} />
      </Suspense>
      {elsewhere.map(
        (each) =>
          each && (
            <p key={each.message} className="weft-field__error" role="alert">
              <Icon name="alert" size={14} /> {each.message}
            </p>
          ),
      )}
      <Switch onClick={() => setIsJson(true)}>Edit as JSON</Switch>
    </fieldset>
  );
}

function Switch({ onClick, children }: { onClick: () => void; children: string }): ReactElement {
  return (
    <Button size="small" variant="ghost" onClick={onClick}>
      {children}
    </Button>
  );
}

function hasFields(schema: unknown): schema is { properties: object } {
  return isObject(schema) && isObject(schema.properties) && Object.keys(schema.properties).length > 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOfField({ field }: UserError, { properties }: { properties: object }): boolean {
  const [root, name = ''] = (field ?? '').split('.');
  return root === 'input' && Object.hasOwn(properties, name);
}
