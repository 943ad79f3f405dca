import type { ReactElement } from 'react';
import type { Preparation } from '../../../data/environments.ts';
import { Button } from '../../../ui/button.tsx';
import { Callout } from '../../../ui/feedback.tsx';
import { Duration } from '../../../ui/time.tsx';

interface PreparationCardProps {
  preparation: Preparation;
  onRetry: () => void;
  onDismiss: () => void;
}

/** A build as it goes on, and what came of it. */
export function PreparationCard({ preparation, onRetry, onDismiss }: PreparationCardProps): ReactElement {
  const { packages, stage, startedAt, problem } = preparation;
  const title = packages.join(', ');
  const close = (
    <Button size="small" onClick={onDismiss}>
      Close
    </Button>
  );
  if (problem !== null || stage?.status === 'FAILED')
    return (
      <Callout
        tone="failure"
        title={problem === null ? `${title} could not be prepared` : `${title} cannot be followed any more`}
        actions={
          <>
            <Button size="small" icon="retry" onClick={onRetry}>
              Try again
            </Button>
            {close}
          </>
        }
      >
        <pre className="weft-environments__reason">{problem?.message ?? stage?.message}</pre>
      </Callout>
    );
  if (stage?.status === 'READY')
    return (
      <Callout tone="success" title={`${title} can be used`} actions={close}>
        <p>The next run with these packages starts at once.</p>
      </Callout>
    );
  return (
    <Callout tone="running" isBusy title={`Preparing ${title}`}>
      <p role="status">
        {stage === null ? 'Waiting for the server' : stageLabel(stage.status)}
        {stage?.message && `: ${stage.message}`} · <Duration from={startedAt} until={null} />
      </p>
      {stage?.status === 'INSTALLING' && <p className="weft-mono">{stage.packages.join(', ')}</p>}
    </Callout>
  );
}

function stageLabel(status: string): string {
  return status === 'RESOLVING' ? 'Choosing the versions' : 'Installing';
}
