import type { WaitingFor } from '@weft/client';
import type { ReactElement } from 'react';
import { RelativeTime } from '../ui/time.tsx';
import { useWaitingFor } from './run-queries.ts';

/** Of a run that has not begun: what holds it back, and how many go before it. */
export function QueuePlace({ executionId }: { executionId: string }): ReactElement | null {
  const place = useWaitingFor(executionId).data;
  if (!place) return null;
  const { limit, key, position, since, until } = place;
  return (
    <p className="weft-run__facts">
      <span>
        Waits for {limits[limit]}
        {key !== null && (
          <>
            {' '}
            of <code>{key}</code>
          </>
        )}
        , place {position}, since <RelativeTime at={since} />
        {until !== null && (
          <>
            , goes on <RelativeTime at={until} />
          </>
        )}
      </span>
    </p>
  );
}

const limits: Record<WaitingFor['limit'], string> = {
  CONCURRENCY: 'a slot of its limit',
  RATE: 'its rate',
  DEBOUNCE: 'further starts that go into it',
  WORKERS: 'a free worker',
};
