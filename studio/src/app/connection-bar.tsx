import { useQueryClient } from '@tanstack/react-query';
import { useWeft } from '@weft/client/react';
import { type ReactElement, useEffect, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { RelativeTime } from '../ui/time.tsx';
import type { ConnectionWatch } from './connection.ts';
import './connection-bar.css';
import { useStore } from './store.ts';

/** Says that the server is gone and since when, while it is; when it is back, all that is shown is read again. */
export function ConnectionBar({ connection }: { connection: ConnectionWatch }): ReactElement | null {
  const client = useWeft();
  const queries = useQueryClient();
  const state = useStore(connection.state);
  const [isTrying, setIsTrying] = useState(false);
  useEffect(() => connection.onRestored(() => void queries.invalidateQueries()), [connection, queries]);

  const tryNow = () => {
    setIsTrying(true);
    // What comes of it reaches the watch as well.
    client.serverInfo().then(
      () => setIsTrying(false),
      () => setIsTrying(false),
    );
  };
  return (
    <div role="status">
      {state.kind === 'down' && (
        <div className="weft-connection">
          <Icon name="alert" />
          <p>
            <strong>The server cannot be reached</strong>
            <span>
              Lost <RelativeTime at={state.since} />, at {clock.format(state.since)}. Nothing is lost; this
              page goes on by itself.
            </span>
          </p>
          <Button size="small" isBusy={isTrying} onClick={tryNow}>
            Try now
          </Button>
        </div>
      )}
    </div>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
