import { getDefaultRegistry } from '@rjsf/core';
import { type FieldProps, getUiOptions, type RegistryFieldsType, type RJSFSchema } from '@rjsf/utils';
import { Component, type ComponentType, type ReactElement, type ReactNode } from 'react';
import { isFileSchema } from '../../files/file-value.ts';
import { useFormContext } from '../form-context.ts';
import { FormField } from '../form-field.tsx';
import { problemsAt, problemsWithin } from '../problems.ts';
import type { FormWidgetProps } from '../widgets/widget.ts';
import { weftWidgets } from '../widgets/widgets.ts';

const StockSchemaField = getDefaultRegistry().fields.SchemaField as ComponentType<FieldProps>;

/**
 * Draws a field by the widget of @weft/studio that its uiSchema names (`ui:options.weft`), a file by its own, and every
 * other field as react-jsonschema-form does.
 */
function WeftSchemaField(props: FieldProps): ReactElement {
  const { weft = isFileSchema(props.schema) ? 'file' : undefined } = getUiOptions(props.uiSchema);
  const isOurs = typeof weft === 'string' && Object.hasOwn(weftWidgets, weft);
  return isOurs ? <WidgetField {...props} widget={weft} /> : <StockSchemaField {...props} />;
}

/** For `<Form fields={weftFields}>` of any theme of react-jsonschema-form. */
export const weftFields: RegistryFieldsType = { SchemaField: WeftSchemaField };

function WidgetField(props: FieldProps & { widget: string }): ReactElement {
  const {
    name,
    fieldPathId,
    uiSchema,
    formData,
    onChange,
    required = false,
    readonly,
    disabled,
    widget,
  } = props;
  const { problems, root } = useFormContext();
  const schema = props.registry.schemaUtils.retrieveSchema(props.schema as RJSFSchema, formData);
  const options = getUiOptions(uiSchema);
  const named = weftWidgets[widget]!;
  const fits = formData === undefined || named.fits(formData);
  const { Widget, isGroup = false, placesProblems = false } = fits ? named : weftWidgets.json!;
  const path = [root, ...fieldPathId.path].join('.');
  const { description } = { ...schema, ...props.schema };
  return (
    <FormField
      id={fieldPathId.$id}
      label={props.schema.title ?? schema.title ?? name}
      description={description}
      problems={[
        ...(fits ? [] : [misfit(path)]),
        ...(placesProblems ? problemsAt(problems, path) : problemsWithin(problems, path)),
      ]}
      isRequired={required}
      isGroup={isGroup}
    >
      {(parts) => (
        <FieldBoundary key={`${widget} ${fits}`}>
          <Widget
            {...parts}
            id={fieldPathId.$id}
            label={props.schema.title ?? name}
            value={formData as never}
            onChange={
              ((value: unknown) => onChange(value, fieldPathId.path)) as FormWidgetProps<never>['onChange']
            }
            isRequired={required}
            isReadOnly={Boolean(readonly || disabled)}
            placeholder={textOr(options.example) ?? textOr(options.placeholder)}
            options={options}
            defaultValue={schema.default}
            min={schema.minimum ?? schema.minItems}
            max={schema.maximum ?? schema.maxItems}
            path={path}
          />
        </FieldBoundary>
      )}
    </FormField>
  );
}

function misfit(path: string) {
  return {
    field: path,
    message: 'Its value is of another kind than this field shows, so it is shown as JSON.',
    level: 'WARNING' as const,
  };
}

function textOr(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A widget that breaks takes neither the form nor the value with it. */
class FieldBoundary extends Component<{ children: ReactNode }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <p className="weft-field__error" role="alert">
        This field cannot be drawn, and keeps its value: {error.message}
      </p>
    );
  }
}
