import { WeftInputError } from '@weft/client';
import { lazy, type ReactElement, Suspense, useState } from 'react';
import { FileLinks } from '../../files/file-links.tsx';
import { withFile } from '../../files/file-value.ts';
import { PickFile } from '../../files/pick-file.tsx';
import { Button } from '../../ui/button.tsx';
import { withCode } from '../../ui/code-text.tsx';
import { SkeletonRows } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { JsonField } from '../json-field.tsx';
import { hasField } from './field-of.ts';
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
          error={
            error &&
            linesOf(error).map(({ text }) => (
              <span key={text} className="weft-input-form__line">
                {withCode(text)}
              </span>
            ))
          }
          rows={rows}
        />
        <div className="weft-file-field">
          <PickFile onPicked={(file) => onChange(withFile(value, file))}>Attach a file</PickFile>
          <FileLinks value={value} />
        </div>
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
  const elsewhere = linesOf(error).filter(({ path }) => !hasField(schema, path));
  return (
    <fieldset className="weft-input-form">
      <legend className="weft-hidden">Input</legend>
      {description && <p className="weft-field__description">{description}</p>}
      <Suspense fallback={<SkeletonRows />}>
        <SchemaFields schema={schema} value={value} onChange={onChange} error={error} />
      </Suspense>
      {elsewhere.map(({ text }) => (
        <p key={text} className="weft-field__error" role="alert">
          <Icon name="alert" size={14} /> <span>{withCode(text)}</span>
        </p>
      ))}
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

/** What went wrong with a start, a line each, with the path in the input that it is about. */
function linesOf(error: Error | null): { path: string[]; text: string }[] {
  if (error === null) return [];
  if (!(error instanceof WeftInputError)) return [{ path: [], text: error.message }];
  return error.userErrors.map(({ field, message }) => {
    const [root, ...path] = field?.split('.') ?? [];
    return root === 'input' && path.length > 0
      ? { path, text: `\`${path.join('.')}\`: ${message}` }
      : { path: [], text: message };
  });
}
