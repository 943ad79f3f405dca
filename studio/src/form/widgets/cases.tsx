import { type KeyboardEvent, type ReactElement, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { Button, IconButton } from '../../ui/button.tsx';
import { Input } from '../../ui/field.tsx';
import { ExpressionPreview } from '../expression/preview.tsx';
import { useFormContext } from '../form-context.ts';
import { Problems } from '../form-field.tsx';
import { problemsWithin } from '../problems.ts';
import type { FormWidgetProps } from './widget.ts';

export interface Case {
  handle: string;
  /** JSONata. */
  when: string;
  /** What this console does not know is kept. */
  [other: string]: unknown;
}

/** Cases in their order, each with its handle and its condition. Alt and an arrow key move the one that is edited. */
export function CasesWidget(props: FormWidgetProps<Case[]>): ReactElement {
  const { id, labelId, value = [], onChange, placeholder, describedBy, isReadOnly, path, max } = props;
  const { problems } = useFormContext();
  const [said, setSaid] = useState('');
  const list = useRef<HTMLOListElement>(null);

  /** Focuses a control of a case once the change is drawn: what had the focus may be gone. */
  const changeTo = (cases: Case[], say: string, focus: { index: number; part: string }) => {
    flushSync(() => {
      onChange(cases.length === 0 ? undefined : cases);
      setSaid(say);
    });
    const row = list.current?.children[focus.index];
    row?.querySelector<HTMLElement>(`[data-part="${focus.part}"]`)?.focus();
  };
  const set = (index: number, change: Partial<Case>) =>
    onChange(value.map((each, at) => (at === index ? { ...each, ...change } : each)) as Case[]);
  const add = () =>
    changeTo([...value, { handle: freeHandle(value), when: '' }], `Case ${value.length + 1} added.`, {
      index: value.length,
      part: 'handle',
    });
  const remove = (index: number) =>
    changeTo(
      value.filter((_, at) => at !== index),
      `Case ${index + 1} removed.`,
      { index: Math.min(index, value.length - 2), part: 'handle' },
    );
  const move = (index: number, by: -1 | 1, part: string) => {
    const to = index + by;
    if (to < 0 || to >= value.length) return;
    const cases = [...value];
    [cases[index], cases[to]] = [cases[to]!, cases[index]!];
    changeTo(cases, `Moved to place ${to + 1} of ${value.length}.`, { index: to, part });
  };
  const onKeyDown = (event: KeyboardEvent, index: number) => {
    if (isReadOnly || !event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    const part = (event.target as HTMLElement).dataset.part ?? 'handle';
    move(index, event.key === 'ArrowUp' ? -1 : 1, part);
  };
  return (
    <fieldset
      id={id}
      className="weft-cases"
      aria-labelledby={labelId}
      aria-describedby={describedBy}
      tabIndex={-1}
    >
      <ol ref={list}>
        {value.map(({ handle = '', when = '' }, index) => {
          const at = `${path}.${index}`;
          const faults = problemsWithin(problems, at);
          const isInvalid = (name: string) => problemsWithin(faults, `${at}.${name}`).length > 0 || undefined;
          const faultsId = `${id}-${index}-problems`;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a case is its place
            <li key={index} className="weft-case" onKeyDown={(event) => onKeyDown(event, index)}>
              <div className="weft-case__row">
                <span className="weft-case__number">{index + 1}</span>
                <Input
                  data-part="handle"
                  className="weft-case__handle"
                  aria-label={`Handle of case ${index + 1}`}
                  aria-invalid={isInvalid('handle')}
                  aria-describedby={faults.length > 0 ? faultsId : undefined}
                  placeholder="handle"
                  spellCheck={false}
                  readOnly={isReadOnly}
                  value={handle}
                  onChange={(event) => set(index, { handle: event.target.value })}
                />
                {!isReadOnly && (
                  <span className="weft-case__actions">
                    <IconButton
                      data-part="up"
                      size="small"
                      icon="arrowUp"
                      label={`Move case ${index + 1} up`}
                      disabled={index === 0}
                      onClick={() => move(index, -1, 'up')}
                    />
                    <IconButton
                      data-part="down"
                      size="small"
                      icon="arrowDown"
                      label={`Move case ${index + 1} down`}
                      disabled={index === value.length - 1}
                      onClick={() => move(index, 1, 'down')}
                    />
                    <IconButton
                      size="small"
                      icon="trash"
                      label={`Remove case ${index + 1}`}
                      onClick={() => remove(index)}
                    />
                  </span>
                )}
              </div>
              <Input
                data-part="when"
                className="weft-case__when"
                aria-label={`Condition of case ${index + 1}`}
                aria-invalid={isInvalid('when')}
                aria-describedby={faults.length > 0 ? faultsId : undefined}
                placeholder={placeholder}
                spellCheck={false}
                readOnly={isReadOnly}
                value={when}
                onChange={(event) => set(index, { when: event.target.value })}
              />
              <ExpressionPreview expression={when} />
              <Problems id={faultsId} problems={faults} />
            </li>
          );
        })}
      </ol>
      {!isReadOnly && (
        <Button size="small" icon="plus" disabled={max !== undefined && value.length >= max} onClick={add}>
          Add case
        </Button>
      )}
      <p className="weft-hidden" aria-live="polite">
        {said}
      </p>
    </fieldset>
  );
}

function freeHandle(cases: readonly Case[]): string {
  const taken = new Set(cases.map(({ handle }) => handle));
  for (let number = cases.length + 1; ; number++) if (!taken.has(`case${number}`)) return `case${number}`;
}
