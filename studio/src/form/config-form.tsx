import Form from '@rjsf/core';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import type { NodeDefinition } from '@weft/client';
import type { ReactElement } from 'react';
import { weftForm, withoutEmpty } from './theme/form-props.ts';

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
      {...weftForm}
      key={definition.type}
      className="weft-config"
      idPrefix={idPrefix}
      schema={definition.configSchema as RJSFSchema}
      uiSchema={definition.uiSchema as UiSchema}
      formData={config}
      readonly={isReadOnly}
      // A change that no field made is one of the form's own, such as a default: what the author left out stays out.
      onChange={({ formData }, field) => field !== undefined && onChange(withoutEmpty(formData))}
    >
      {/* Instead of its button. */}
      <span hidden />
    </Form>
  );
}
