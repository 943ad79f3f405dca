import type {
  ArrayFieldItemTemplateProps,
  ArrayFieldTemplateProps,
  BaseInputTemplateProps,
  FieldTemplateProps,
  IconButtonProps,
  ObjectFieldTemplateProps,
  TemplatesType,
  WidgetProps,
} from '@rjsf/utils';
import { enumOptionsIndexForValue, enumOptionsValueForIndex, getInputProps } from '@rjsf/utils';
import { createContext, type ReactElement, useContext } from 'react';
import { Button, IconButton } from '../../ui/button.tsx';
import { withCode } from '../../ui/code-text.tsx';
import { Input, Select, TextArea } from '../../ui/field.tsx';
import type { IconName } from '../../ui/icon.tsx';
import { useFormContext } from '../form-context.ts';
import { FormField, Problems } from '../form-field.tsx';
import { type NodeProblem, problemsAt } from '../problems.ts';

/** Fields that no widget of ours draws, such as those of a node type with objects in its configuration. */
export const weftTemplates: Partial<TemplatesType> = {
  FieldTemplate,
  ObjectFieldTemplate,
  ArrayFieldTemplate,
  ArrayFieldItemTemplate,
  BaseInputTemplate,
  ButtonTemplates: {
    AddButton: (props: IconButtonProps) => <ToolButton {...props} icon="plus" label="Add" />,
    CopyButton: (props: IconButtonProps) => <ToolButton {...props} icon="copy" label="Copy" />,
    MoveUpButton: (props: IconButtonProps) => <ToolButton {...props} icon="arrowUp" label="Move up" />,
    MoveDownButton: (props: IconButtonProps) => <ToolButton {...props} icon="arrowDown" label="Move down" />,
    RemoveButton: (props: IconButtonProps) => <ToolButton {...props} icon="trash" label="Remove" />,
    ClearButton: (props: IconButtonProps) => <ToolButton {...props} icon="close" label="Clear" />,
    SubmitButton: () => null,
  } as TemplatesType['ButtonTemplates'],
};

export const stockWidgets = {
  TextareaWidget,
  SelectWidget,
  CheckboxWidget,
};

function FieldTemplate(props: FieldTemplateProps): ReactElement | null {
  const { id, label, rawDescription, displayLabel, required, hidden, children, fieldPathId } = props;
  const { problems, root } = useFormContext();
  const own = problemsAt(problems, [root, ...fieldPathId.path].join('.'));
  if (hidden) return <div hidden>{children}</div>;
  if (!displayLabel) {
    const problemsId = `${id}-problems`;
    const state = { problemsId: own.length > 0 ? problemsId : undefined, isInvalid: own.some(isError) };
    return (
      <div className="weft-form-part">
        <FieldStateContext value={state}>{children}</FieldStateContext>
        {fieldPathId.path.length > 0 && <Problems id={problemsId} problems={own} />}
      </div>
    );
  }
  return (
    <FormField
      id={id}
      label={label}
      description={rawDescription || undefined}
      problems={own}
      isRequired={required ?? false}
    >
      {({ isInvalid }) => (
        <FieldStateContext value={{ problemsId: own.length > 0 ? `${id}-problems` : undefined, isInvalid }}>
          {children}
        </FieldStateContext>
      )}
    </FormField>
  );
}

/** What is wrong with the field around a control: react-jsonschema-form does not hand it down. */
const FieldStateContext = createContext<{ problemsId: string | undefined; isInvalid: boolean }>({
  problemsId: undefined,
  isInvalid: false,
});

/** For a control: its description, and what is wrong with it. */
function useFieldState(id: string, description: string | undefined) {
  const { problemsId, isInvalid } = useContext(FieldStateContext);
  const describedBy = [description && `${id}-description`, problemsId].filter(Boolean).join(' ');
  return { 'aria-describedby': describedBy || undefined, 'aria-invalid': isInvalid || undefined } as const;
}

function isError({ level }: NodeProblem): boolean {
  return level !== 'WARNING';
}

function ObjectFieldTemplate(props: ObjectFieldTemplateProps): ReactElement {
  const { title, description, properties, fieldPathId } = props;
  const content = properties.map(({ content }) => content);
  if (fieldPathId.path.length === 0) return <div className="weft-form__fields">{content}</div>;
  return (
    <fieldset className="weft-form__group">
      {title && <legend className="weft-field__label">{title}</legend>}
      {typeof description === 'string' && <p className="weft-field__description">{withCode(description)}</p>}
      <div className="weft-form__nested">{content}</div>
    </fieldset>
  );
}

function ArrayFieldTemplate(props: ArrayFieldTemplateProps): ReactElement {
  const { title, schema, items, canAdd, onAddClick, disabled, readonly } = props;
  return (
    <fieldset className="weft-form__group">
      {title && <legend className="weft-field__label">{title}</legend>}
      {schema.description && <p className="weft-field__description">{withCode(schema.description)}</p>}
      {items.length > 0 && <div className="weft-form__nested">{items}</div>}
      {canAdd && !readonly && (
        <Button size="small" icon="plus" disabled={Boolean(disabled)} onClick={onAddClick}>
          Add
        </Button>
      )}
    </fieldset>
  );
}

function ArrayFieldItemTemplate(props: ArrayFieldItemTemplateProps): ReactElement {
  const { children, buttonsProps, hasToolbar, registry } = props;
  const { ArrayFieldItemButtonsTemplate } = registry.templates;
  return (
    <div className="weft-form__item">
      <div>{children}</div>
      {hasToolbar && (
        <span className="weft-case__actions">
          <ArrayFieldItemButtonsTemplate {...buttonsProps} />
        </span>
      )}
    </div>
  );
}

function ToolButton({
  icon,
  label,
  onClick,
  disabled,
}: IconButtonProps & { icon: IconName; label: string }): ReactElement {
  return (
    <IconButton
      icon={icon as IconName}
      label={label}
      size="small"
      onClick={onClick}
      disabled={Boolean(disabled)}
    />
  );
}

function BaseInputTemplate(props: BaseInputTemplateProps): ReactElement {
  const { id, value, onChange, onChangeOverride, options, schema, type, placeholder, required } = props;
  const { type: inputType, ...bounds } = getInputProps(schema, type, options);
  const state = useFieldState(id, schema.description);
  return (
    <Input
      {...bounds}
      id={id}
      type={inputType}
      value={(value as string | undefined) ?? ''}
      placeholder={placeholder}
      aria-required={required || undefined}
      {...state}
      readOnly={Boolean(props.readonly || props.disabled)}
      onChange={
        onChangeOverride ??
        (({ target }) => onChange(target.value === '' ? options.emptyValue : target.value))
      }
    />
  );
}

function TextareaWidget({
  id,
  value,
  onChange,
  options,
  placeholder,
  schema,
  readonly,
  disabled,
}: WidgetProps) {
  const state = useFieldState(id, schema.description);
  return (
    <TextArea
      id={id}
      value={(value as string | undefined) ?? ''}
      placeholder={placeholder}
      {...state}
      readOnly={Boolean(readonly || disabled)}
      onChange={({ target }) => onChange(target.value === '' ? options.emptyValue : target.value)}
    />
  );
}

function SelectWidget({
  id,
  value,
  onChange,
  options,
  schema,
  readonly,
  disabled,
  required,
  label,
}: WidgetProps) {
  const { enumOptions = [], emptyValue } = options;
  const index = enumOptionsIndexForValue(value, enumOptions, false);
  const state = useFieldState(id, schema.description);
  return (
    <Select
      id={id}
      aria-label={label}
      {...state}
      disabled={Boolean(readonly || disabled)}
      value={typeof index === 'string' ? index : ''}
      onChange={({ target }) => onChange(enumOptionsValueForIndex(target.value, enumOptions, emptyValue))}
    >
      {!(required && typeof index === 'string') && schema.default === undefined && <option value="" />}
      {enumOptions.map(({ label: text }, at) => (
        <option key={text} value={String(at)}>
          {text}
        </option>
      ))}
    </Select>
  );
}

function CheckboxWidget({ id, value, onChange, label, schema, readonly, disabled }: WidgetProps) {
  const state = useFieldState(id, schema.description);
  return (
    <div className="weft-field">
      <label className="weft-check">
        <input
          type="checkbox"
          id={id}
          checked={value === true}
          disabled={Boolean(readonly || disabled)}
          {...state}
          onChange={({ target }) => onChange(target.checked)}
        />
        {label}
      </label>
      {schema.description && (
        <p id={`${id}-description`} className="weft-field__description">
          {withCode(schema.description)}
        </p>
      )}
    </div>
  );
}
