import { BaseEdge, type EdgeProps, getBezierPath } from '@xyflow/react';
import { memo, type ReactElement } from 'react';
import { classNames } from '../ui/class-names.ts';
import type { FlowEdge } from './flow-elements.ts';

/** An edge, with the label of the handle where its source has several. */
export const EdgeView = memo((props: EdgeProps<FlowEdge>): ReactElement => {
  const { id, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data, selected } = props;
  const [path, labelX, labelY] = getBezierPath({
    sourceX,
    sourceY,
    targetX,
    targetY,
    sourcePosition,
    targetPosition,
  });
  return (
    <g
      className={classNames(
        'weft-edge',
        `weft-edge--${data?.kind ?? 'plain'}`,
        data && data.flow !== 'none' && `weft-edge--${data.flow}`,
        selected && 'weft-edge--selected',
      )}
    >
      <BaseEdge id={id} path={path} interactionWidth={20} />
      {data?.label && (
        <text
          className="weft-edge__label"
          x={labelX}
          y={labelY}
          textAnchor="middle"
          dominantBaseline="middle"
        >
          {data.label}
        </text>
      )}
    </g>
  );
});
