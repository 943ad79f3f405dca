import type { ReactElement } from 'react';
import { withCode } from '../ui/code-text.tsx';
import { Callout, SkeletonRows } from '../ui/feedback.tsx';
import { MoreOnScroll } from '../ui/more-on-scroll.tsx';
import { StatusBadge } from '../ui/status-badge.tsx';
import { Duration, RelativeTime } from '../ui/time.tsx';
import { useChildren } from './children.ts';
import type { RunModel } from './model/records.ts';
import { TargetLink } from './navigation.tsx';
import type { Selection } from './timeline.tsx';

export interface ChildRunsProps {
  executionId: string;
  run: RunModel;
  /** The node or item that started them; null for all. */
  of: Selection | null;
  nameOf: (nodeKey: string) => string;
}

/** The runs that were started by a node, each a link. */
export function ChildRuns({ executionId, run, of, nameOf }: ChildRunsProps): ReactElement {
  const children = useChildren(executionId, run, true);
  if (children.error)
    return <Callout tone="failure" title={`Could not read them: ${children.error.message}`} />;
  if (children.data === undefined) return <SkeletonRows count={3} />;
  const shown = children.data.filter(
    ({ parent }) =>
      of === null || (parent?.nodeKey === of.nodeKey && (of.item === null || parent.item === of.item)),
  );
  return (
    <div className="weft-run__values">
      {shown.length === 0 && !children.hasNextPage && (
        <p className="weft-run__none">It has started none yet.</p>
      )}
      <ul className="weft-children" aria-label="Runs that it started">
        {shown.map(({ id, status, workflow, version, parent, error, createdAt, startedAt, finishedAt }) => (
          <li key={id}>
            <StatusBadge status={status} />
            <span className="weft-children__name">
              <TargetLink className="weft-children__link" target={{ kind: 'run', executionId: id }}>
                {workflow?.name ?? 'Run'}
              </TargetLink>
              <span className="weft-muted">
                {version && ` version ${version.number}`}
                {parent && of === null && `, by ${nameOf(parent.nodeKey)}`}
                {parent?.item != null && ` [${parent.item}]`}
              </span>
              {error && <span className="weft-children__error">{withCode(error.message)}</span>}
            </span>
            <span className="weft-muted">
              {startedAt && <Duration from={startedAt} until={finishedAt} />} ·{' '}
              <RelativeTime at={createdAt} />
            </span>
          </li>
        ))}
      </ul>
      <MoreOnScroll {...children} />
    </div>
  );
}
