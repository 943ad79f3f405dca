import { lazy, type ReactElement, Suspense } from 'react';
import { useCheckPython } from '../../data/python.ts';
import { TextArea } from '../../ui/field.tsx';
import { useFormContext } from '../form-context.ts';
import { controlProps, type FormWidgetProps } from '../widgets/widget.ts';
import type { CodeEditorProps } from './code-editor.tsx';

/** A code editor. It is loaded when the first one is shown; until then, or where it cannot be, a plain text field. */
export function CodeWidget(props: FormWidgetProps<string>): ReactElement {
  const { value = '', options, placeholder } = props;
  const { data, config } = useFormContext();
  const checkPython = useCheckPython({ packages: linesOf(config.packages), hosts: linesOf(config.hosts) });
  const language = options.language === 'python' || options.language === 'json' ? options.language : 'text';
  return (
    <CodeEditorOrText
      {...props}
      value={value}
      language={language}
      placeholder={placeholder}
      check={language === 'python' ? checkPython : undefined}
      inputData={data?.input}
    />
  );
}

/** What stands there now: a template becomes something else when the node runs. */
function linesOf(value: unknown): string[] {
  const lines = Array.isArray(value) ? value : [];
  return lines.filter(
    (line): line is string => typeof line === 'string' && line !== '' && !line.includes('{{'),
  );
}

type EditorProps = Omit<CodeEditorProps, 'value'> & FormWidgetProps<string> & { value: string };

/** The editor with its plain stand-in. */
export function CodeEditorOrText(props: EditorProps): ReactElement {
  const plain = <PlainEditor {...props} />;
  return (
    <Suspense fallback={plain}>
      <LazyEditor {...props} fallback={plain} />
    </Suspense>
  );
}

const LazyEditor = lazy(() =>
  import('./code-editor.tsx').catch((error: unknown) => {
    console.warn('The code editor could not be loaded; a plain text field stands in for it:', error);
    return { default: ({ fallback }: EditorProps & { fallback: ReactElement }) => fallback };
  }),
) as (props: EditorProps & { fallback: ReactElement }) => ReactElement;

function PlainEditor(props: EditorProps): ReactElement {
  return (
    <TextArea
      {...controlProps(props)}
      className="weft-code-plain"
      aria-labelledby={props.labelId}
      spellCheck={false}
      value={props.value}
      placeholder={props.placeholder}
      onChange={(event) => props.onChange(event.target.value)}
    />
  );
}
