import { type ReactElement, type ReactNode, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { withCode } from '../../ui/code-text.tsx';
import { TextArea } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useFormContext } from '../form-context.ts';
import { PackagesPanel } from '../packages/packages-panel.tsx';
import { useLineChecks } from '../packages/use-line-checks.ts';
import { problemsWithin } from '../problems.ts';
import { controlProps, type FormWidgetProps } from './widget.ts';

/** A list of texts, one a line. Lines that name Python packages are judged as they are typed. */
export function LinesWidget(props: FormWidgetProps<string[]>): ReactElement {
  return props.options.language === 'requirements' ? <PackageLines {...props} /> : <Lines {...props} />;
}

/** What is known of a line. */
export interface LineState {
  kind: 'checking' | 'ok' | 'bad' | 'unknown';
  message?: string;
  /** What may have been meant. */
  suggestion?: string;
}

function PackageLines(props: FormWidgetProps<string[]>): ReactElement {
  const { value = [], onChange, isReadOnly } = props;
  const states = useLineChecks(value);
  return (
    <Lines {...props} states={states}>
      <PackagesPanel
        packages={value}
        areFine={value.every((line) => states.get(line)?.kind === 'ok')}
        onAdd={isReadOnly ? undefined : (name) => onChange([...value, name])}
      />
    </Lines>
  );
}

function Lines(
  props: FormWidgetProps<string[]> & { states?: ReadonlyMap<string, LineState>; children?: ReactNode },
): ReactElement {
  const { id, value = [], onChange, placeholder, describedBy, states, children, isReadOnly, path } = props;
  const [draft, setDraft] = useState<string | null>(null);
  // Blank lines are the author's while he types: they are no items.
  const text = draft !== null && sameItems(itemsOf(draft), value) ? draft : value.join('\n');
  const lines = text.split('\n');
  const { problems } = useFormContext();
  const faults = faultsOf(lines, states, (item) => problemsWithin(problems, `${path}.${item}`)[0]?.message);
  const faultsId = `${id}-lines`;

  const change = (next: string) => {
    setDraft(next);
    const items = itemsOf(next);
    if (!sameItems(items, value)) onChange(items.length === 0 ? undefined : items);
  };
  const replace = (index: number, by: string) =>
    change(lines.map((line, at) => (at === index ? by : line)).join('\n'));
  return (
    <div className="weft-lines">
      <div className="weft-lines__box">
        {states && (
          <ol className="weft-lines__gutter" aria-hidden="true">
            {lines.map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
              <li key={index} data-state={states.get(line.trim())?.kind}>
                <LineIcon state={states.get(line.trim())} />
              </li>
            ))}
          </ol>
        )}
        <TextArea
          {...controlProps(props)}
          className="weft-lines__text"
          aria-describedby={
            [describedBy, faults.length > 0 && faultsId].filter(Boolean).join(' ') || undefined
          }
          aria-invalid={props.isInvalid || faults.length > 0 || undefined}
          rows={Math.min(Math.max(lines.length + 1, 3), 14)}
          wrap="off"
          spellCheck={false}
          autoCapitalize="off"
          value={text}
          placeholder={placeholder}
          onChange={(event) => change(event.target.value)}
        />
      </div>
      <ul id={faultsId} className="weft-problems" aria-live="polite">
        {faults.map(({ index, line, message, suggestion }) => (
          <li key={`${index} ${line}`} className="weft-problem weft-problem--error">
            <Icon name="circleX" size={14} />
            <span>
              Line {index + 1}: {withCode(message)}
            </span>
            {suggestion !== undefined && !isReadOnly && (
              <Button size="small" onClick={() => replace(index, suggestion)}>
                Use {suggestion}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {children}
    </div>
  );
}

function LineIcon({ state }: { state: LineState | undefined }): ReactElement | null {
  switch (state?.kind) {
    case 'ok':
      return <Icon name="check" size={13} />;
    case 'bad':
      return <Icon name="close" size={13} />;
    case 'checking':
      return <span className="weft-spinner" />;
    default:
      return null;
  }
}

/** What is wrong with which line: judged as it is typed, or else found when the workflow was validated. */
function faultsOf(
  lines: readonly string[],
  states: ReadonlyMap<string, LineState> | undefined,
  problemOf: (item: number) => string | undefined,
) {
  let items = 0;
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const problem = problemOf(items);
    items += 1;
    const state = states?.get(line.trim());
    if (state?.kind === 'ok') return [];
    const message = state?.message ?? problem;
    return message === undefined ? [] : [{ index, line, message, suggestion: state?.suggestion }];
  });
}

function itemsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
