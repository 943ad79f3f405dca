import { type ReactElement, useState } from 'react';
import { CodeEditorOrText } from '../code/code-widget.tsx';
import type { FormWidgetProps } from './widget.ts';

/** Any JSON. Text that is one template, such as `{{ input.total }}`, needs no quotes around it. */
export function JsonWidget(props: FormWidgetProps): ReactElement {
  const { id, value, onChange, describedBy } = props;
  const [draft, setDraft] = useState<{ text: string; value: unknown } | null>(null);
  // What was typed stands as long as it means the value: its spaces are the author's.
  const isOwn = draft !== null && JSON.stringify(draft.value) === JSON.stringify(value);
  const text = isOwn ? draft.text : print(value);
  const read = parse(text);
  const problemId = `${id}-syntax`;

  const change = (next: string) => {
    const parsed = parse(next);
    setDraft({ text: next, value: parsed.ok ? parsed.value : value });
    if (parsed.ok) onChange(parsed.value);
  };
  return (
    <div className="weft-json">
      <CodeEditorOrText
        {...(props as FormWidgetProps<string>)}
        language="json"
        value={text}
        onChange={(next) => change(next ?? '')}
        isInvalid={props.isInvalid || !read.ok}
        describedBy={[describedBy, !read.ok && problemId].filter(Boolean).join(' ') || undefined}
      />
      {!read.ok && (
        <p id={problemId} className="weft-field__error" role="status">
          Not JSON yet: {read.message}. Until it is, the last value that was counts.
        </p>
      )}
    </div>
  );
}

const template = /^\s*(\{\{[\s\S]*\}\})\s*$/;

function print(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string' && template.test(value)) return value;
  return JSON.stringify(value, null, 2);
}

function parse(text: string): { ok: true; value: unknown } | { ok: false; message: string } {
  if (text.trim() === '') return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const whole = template.exec(text)?.[1];
    return whole === undefined
      ? { ok: false, message: (error as Error).message }
      : { ok: true, value: whole };
  }
}
