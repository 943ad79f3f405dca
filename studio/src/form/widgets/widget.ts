/** What each widget of @weft/studio is drawn with. It is controlled: it shows `value` and reports changes. */
export interface FormWidgetProps<Value = unknown> {
  /** Of the control that its label names. */
  id: string;
  /** Of the element that holds its label, for controls that no <label> can name. */
  labelId: string;
  label: string;
  /** Undefined where the configuration has none. */
  value: Value | undefined;
  /** Undefined removes it from the configuration. */
  onChange(value: Value | undefined): void;
  /** Ids of its description and of what is wrong with it. */
  describedBy: string | undefined;
  isInvalid: boolean;
  isRequired: boolean;
  isReadOnly: boolean;
  /** An example to show while it is empty. */
  placeholder: string | undefined;
  /** `ui:options` of its uiSchema. */
  options: Readonly<Record<string, unknown>>;
  /** What holds when it is left out. */
  defaultValue: unknown;
  min: number | undefined;
  max: number | undefined;
  /** Within the node, such as `config.packages`. */
  path: string;
}

/** For the control itself. */
export function controlProps({
  id,
  describedBy,
  isInvalid,
  isRequired,
  isReadOnly,
}: Pick<FormWidgetProps, 'id' | 'describedBy' | 'isInvalid' | 'isRequired' | 'isReadOnly'>) {
  return {
    id,
    'aria-describedby': describedBy,
    'aria-invalid': isInvalid || undefined,
    'aria-required': isRequired || undefined,
    readOnly: isReadOnly,
  } as const;
}
