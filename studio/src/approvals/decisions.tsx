import type { Approval } from '@weft/client';
import type { ReactElement } from 'react';
import { Icon } from '../ui/icon.tsx';
import { RelativeTime } from '../ui/time.tsx';

/** Who decided what, when, with which words and values. */
export function Decisions({ decisions }: Pick<Approval, 'decisions'>): ReactElement | null {
  if (decisions.length === 0) return null;
  return (
    <ul className="weft-approval__decisions">
      {decisions.map(({ decision, by, principal, comment, values, at }) => (
        <li key={`${at} ${by}`}>
          <span className={`weft-approval__mark--${decision.toLowerCase()}`}>
            <Icon name={decision === 'APPROVE' ? 'check' : 'close'} size={14} />
          </span>
          <span>
            {by ?? principal} {decision === 'APPROVE' ? 'approved' : 'rejected'} <RelativeTime at={at} />
            {comment && <q className="weft-approval__comment">{comment}</q>}
            {!isEmpty(values) && <code className="weft-approval__values">{shortened(values)}</code>}
          </span>
        </li>
      ))}
    </ul>
  );
}

function isEmpty(values: unknown): boolean {
  return values === null || (typeof values === 'object' && Object.keys(values as object).length === 0);
}

const maxValues = 400;

function shortened(values: unknown): string {
  const text = JSON.stringify(values);
  return text.length > maxValues ? `${text.slice(0, maxValues)} …` : text;
}
