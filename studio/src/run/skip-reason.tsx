import { Fragment, type ReactElement } from 'react';
import type { RunModel } from './model/records.ts';
import { type SkipReason, skipReasons } from './model/skip-reason.ts';

export interface SkipReasonLineProps {
  run: RunModel;
  nodeKey: string;
  nameOf: (nodeKey: string) => string;
  onSelectNode: (nodeKey: string) => void;
}

/** `Skipped because parse failed.` */
export function SkipReasonLine({
  run,
  nodeKey,
  nameOf,
  onSelectNode,
}: SkipReasonLineProps): ReactElement | null {
  if (run.nodes.get(nodeKey)?.settled?.isLeftOut)
    return <p className="weft-run__skipped">Left out: only a part of the workflow was run.</p>;
  const reasons = skipReasons(run, nodeKey);
  if (reasons.length === 0) return null;
  const said = ({ source, verb }: SkipReason) => (
    <>
      <button type="button" className="weft-link" onClick={() => onSelectNode(source)}>
        {nameOf(source)}
      </button>{' '}
      {verb}
    </>
  );
  const hidden = reasons.length - maxReasons;
  return (
    <p className="weft-run__skipped">
      Skipped because{' '}
      {reasons.slice(0, maxReasons).map((reason, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the reasons of a node never change
        <Fragment key={index}>
          {index > 0 && ' and '}
          {said(reason)}
          {reason.root && <>, as {said(reason.root)}</>}
        </Fragment>
      ))}
      {hidden > 0 && ` and ${hidden} more`}.
    </p>
  );
}

const maxReasons = 4;
