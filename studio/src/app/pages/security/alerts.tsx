import type { RaisedSecurityAlert } from '@weft/client';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { Callout } from '../../../ui/feedback.tsx';
import { RelativeTime } from '../../../ui/time.tsx';

/** The last alerts: who had so many violations, when, and the run that had the one too many. */
export function Alerts({ alerts }: { alerts: readonly RaisedSecurityAlert[] }): ReactElement {
  return (
    <Callout tone="failure" title={alerts.length === 1 ? 'An alert was raised' : 'Alerts were raised'}>
      <ul className="weft-security__alerts">
        {alerts.map(({ id, violations, windowSeconds, raisedAt, execution }) => (
          <li key={id}>
            {violations} violations within {formatWindow(windowSeconds)} in{' '}
            {execution?.workflow ? (
              <Link href={`/workflows/${execution.workflow.id}`}>{execution.workflow.name}</Link>
            ) : (
              'Python without a workflow'
            )}
            , <RelativeTime at={raisedAt} />
            {execution && (
              <>
                {' · '}
                <Link href={`/runs/${execution.id}`}>the last run</Link>
              </>
            )}
          </li>
        ))}
      </ul>
    </Callout>
  );
}

/** `5 minutes`, or seconds where it is no whole number of minutes. */
function formatWindow(seconds: number): string {
  const [count, unit] = seconds % 60 === 0 ? [seconds / 60, 'minute'] : [seconds, 'second'];
  return count === 1 ? `a ${unit}` : `${count} ${unit}s`;
}
