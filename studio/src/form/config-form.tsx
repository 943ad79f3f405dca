import Form from '@rjsf/core';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import type { NodeDefinition } from '@weft/client';
import type { ReactElement } from 'react';
import { weftFields } from './theme/schema-field.tsx';
import { stockWidgets, weftTemplates } from './theme/templates.tsx';
import { weftValidator } from './validator.ts';

export interface ConfigFormProps {
  definition: NodeDefinition;
  config: Readonly<Record<string, unknown>>;
  onChange: (config: Record<string, unknown>) => void;
  isReadOnly: boolean;
  /** Of the ids of its controls. */
  idPrefix: string;
}

/** The fields of a node type, drawn by react-jsonschema-form from what the server says of it. */
export default function ConfigForm(props: ConfigFormProps): ReactElement {
  const { definition, config, onChange, isReadOnly, idPrefix } = props;
  return (
    <Form
      key={definition.type}
      tagName="div"
      className="weft-config"
      idPrefix={idPrefix}
      schema={definition.configSchema as RJSFSchema}
      uiSchema={definition.uiSchema as UiSchema}
      formData={config}
      readonly={isReadOnly}
      fields={weftFields}
      templates={weftTemplates}
      widgets={stockWidgets}
      validator={weftValidator}
      experimental_defaultFormStateBehavior={asItIs}
      // What is wrong with a configuration is the server's to say.
      noValidate
      showErrorList={false}
      // A change that no field made is one of the form's own, such as a default: what the author left out stays out.
      onChange={({ formData }, field) => field !== undefined && onChange(withoutEmpty(formData))}
    >
      {/* Instead of its button. */}
      <span hidden />
    </Form>
  );
}

const asItIs = { emptyObjectFields: 'skipDefaults', arrayMinItems: { populate: 'never' } } as const;

/** A field that was emptied is left out, as it was before it was filled in. */
function withoutEmpty(config: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}
