import type { ReactElement } from 'react';
import { Icon } from '../ui/icon.tsx';
import type { RunModel } from './model/records.ts';
import { TargetLink } from './navigation.tsx';

/** `Its output was pinned, from an earlier run.` */
export function PinnedLine({ run, nodeKey }: { run: RunModel; nodeKey: string }): ReactElement | null {
  const pinned = run.nodes.get(nodeKey)?.settled?.pinned;
  if (pinned == null) return null;
  return (
    <p className="weft-run__skipped">
      <Icon name="pin" size={13} /> Its output was pinned
      {pinned.executionId === null ? (
        ', as it was given'
      ) : (
        <>
          , from{' '}
          <TargetLink target={{ kind: 'run', executionId: pinned.executionId }}>an earlier run</TargetLink>
        </>
      )}
      .
    </p>
  );
}
