import type { ComponentType } from 'react';
import { isFileValue } from '../../files/file-value.ts';
import { CodeWidget } from '../code/code-widget.tsx';
import { ExpressionWidget } from '../expression/expression-widget.tsx';
import { CasesWidget } from './cases.tsx';
import { CheckboxWidget } from './checkbox.tsx';
import { DurationWidget } from './duration.tsx';
import { FileWidget } from './file.tsx';
import { JsonWidget } from './json.tsx';
import { LinesWidget } from './lines.tsx';
import { NumberWidget } from './number.tsx';
import { SelectWidget } from './select.tsx';
import { TextAreaWidget, TextWidget } from './text.tsx';
import type { FormWidgetProps } from './widget.ts';
import { WorkflowWidget } from './workflow.tsx';

/** A widget, and what it can show. */
export interface FormWidget {
  Widget: ComponentType<FormWidgetProps<never>>;
  /** Whether the widget can show the value. What it cannot is shown as JSON, so that nothing is lost. */
  fits: (value: unknown) => boolean;
  /** Whether no <label> can name it, as it is no input. */
  isGroup?: boolean;
  /** Whether it shows what is wrong with its parts by itself, beside each. */
  placesProblems?: boolean;
}

/** The widgets of @weft/studio by the names that `ui:options.weft` of a uiSchema has for them. */
export const weftWidgets: Readonly<Record<string, FormWidget>> = {
  text: { Widget: TextWidget, fits: isText },
  textarea: { Widget: TextAreaWidget, fits: isText },
  code: { Widget: CodeWidget, fits: isText, isGroup: true },
  expression: { Widget: ExpressionWidget, fits: isText },
  lines: {
    Widget: LinesWidget,
    fits: (value) => Array.isArray(value) && value.every(isText),
    placesProblems: true,
  },
  checkbox: { Widget: CheckboxWidget, fits: (value) => typeof value === 'boolean' },
  duration: { Widget: DurationWidget, fits: isNumber },
  number: { Widget: NumberWidget, fits: isNumber },
  select: { Widget: SelectWidget, fits: isText },
  cases: {
    Widget: CasesWidget,
    fits: (value) => Array.isArray(value) && value.every(isCase),
    isGroup: true,
    placesProblems: true,
  },
  // Forms begin an object without its fields.
  file: { Widget: FileWidget, fits: (value) => isFileValue(value) || JSON.stringify(value) === '{}' },
  workflow: { Widget: WorkflowWidget, fits: isText },
  json: { Widget: JsonWidget, fits: () => true, isGroup: true },
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function isCase(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { handle = '', when = '' } = value as { handle?: unknown; when?: unknown };
  return isText(handle) && isText(when);
}
