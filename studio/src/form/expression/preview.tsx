import { type ReactElement, useEffect, useState } from 'react';
import { withCode } from '../../ui/code-text.tsx';
import { Icon } from '../../ui/icon.tsx';
import { type NodeFormData, useFormContext } from '../form-context.ts';
import { evaluate, type Verdict } from './evaluate.ts';

/** What an expression gives over the last run's values, a moment after it was typed. */
export function ExpressionPreview({
  expression,
  isOfList = false,
  id,
}: {
  expression: string;
  /** Whether it gives the list itself; else it is evaluated over the first item, where the node has a list. */
  isOfList?: boolean;
  id?: string;
}): ReactElement | null {
  const { data, items } = useFormContext();
  const verdict = useVerdict(expression, data, isOfList ? undefined : items);
  if (expression.trim() === '') return null;
  return (
    <div id={id} className="weft-preview" role="status" data-kind={verdict?.kind}>
      {data === undefined ? (
        <span className="weft-preview__label">Run the workflow once to see here what this gives.</span>
      ) : (
        <Outcome verdict={verdict} />
      )}
    </div>
  );
}

function Outcome({ verdict }: { verdict: Verdict | undefined }): ReactElement {
  switch (verdict?.kind) {
    case undefined:
      return <span className="weft-preview__label">…</span>;
    case 'value':
      return (
        <>
          <span className="weft-preview__label">
            With the last run{verdict.size === null ? '' : `: a list of ${verdict.size}`}
          </span>
          <pre tabIndex={verdict.text.includes('\n') ? 0 : undefined}>{verdict.text}</pre>
        </>
      );
    case 'nothing':
      return (
        <span className="weft-preview__label">
          Finds nothing in the last run’s values, which gives <code>null</code>.
        </span>
      );
    case 'failed':
      return (
        <span className="weft-preview__failure">
          <Icon name="alert" size={13} /> <span>{withCode(verdict.message)}</span>
          {verdict.position !== null && ` (at character ${verdict.position})`}
        </span>
      );
    default:
      return verdict satisfies never;
  }
}

/** The last expression's; until there is one, the one before it. */
export function useVerdict(
  expression: string,
  data: NodeFormData | undefined,
  items: string | undefined,
): Verdict | undefined {
  const [verdict, setVerdict] = useState<Verdict>();
  useEffect(() => {
    if (data === undefined || expression.trim() === '') return setVerdict(undefined);
    let isLatest = true;
    const timer = setTimeout(() => {
      void evaluate(expression, data, items).then((found) => isLatest && setVerdict(found));
    }, pauseMs);
    return () => {
      isLatest = false;
      clearTimeout(timer);
    };
  }, [expression, data, items]);
  return verdict;
}

const pauseMs = 250;
