import { Handle, type NodeProps } from '@xyflow/react';
import { type CSSProperties, memo, type ReactElement } from 'react';
import { nodeName } from '../data/node-name.ts';
import { classNames } from '../ui/class-names.ts';
import { Icon } from '../ui/icon.tsx';
import { StatusIcon, statusLabel, statusTone } from '../ui/status-badge.tsx';
import { type FlowNode, type NodeData, sideOf } from './flow-elements.ts';
import type { PlacedHandle } from './geometry.ts';
import { categoryColour, nodeIcon } from './looks.ts';

/** A node. Drawn again only when its data or selection changes, not when it is dragged. */
export const NodeView = memo(
  ({ data, selected }: NodeProps<FlowNode>): ReactElement => {
    const { node, definition, geometry, status, mark, isReadOnly } = data;
    return (
      <div
        className={classNames(
          'weft-node',
          selected && 'weft-node--selected',
          definition === undefined && 'weft-node--unknown',
          status && `weft-node--${statusTone(status)}`,
          status && `weft-node--is-${status.toLowerCase()}`,
          mark && `weft-node--${mark}`,
        )}
        style={{ '--weft-node-colour': categoryColour(definition?.category) } as CSSProperties}
        data-node-key={node.key}
        data-status={status}
      >
        <div className="weft-node__header">
          <span className="weft-node__icon">
            <Icon name={nodeIcon(node.type, definition?.category)} />
          </span>
          <Names node={node} definition={definition} />
          <Extras node={node} joinsAny={data.joinsAny} isPinned={data.isPinned} />
          {status && (
            <span className="weft-node__status" title={statusLabel(status)}>
              <StatusIcon status={status} />
              <span className="weft-hidden">{statusLabel(status)}</span>
            </span>
          )}
        </div>
        {mark && <span className="weft-node__mark">{mark}</span>}
        <ProblemBadge problems={data.problems} />
        <Progress progress={data.progress} isRunning={status === 'RUNNING'} />
        {geometry.handles.map((handle) => (
          <HandleView
            key={`${handle.role}-${handle.id}`}
            handle={handle}
            hasRow={handle.hasRow}
            isPlain={isReadOnly}
          />
        ))}
      </div>
    );
  },
  (before, after) => before.data === after.data && before.selected === after.selected,
);

function Names({ node, definition }: Pick<NodeData, 'node' | 'definition'>): ReactElement {
  const type = definition?.label ?? `${node.type}: not a type of this server`;
  return (
    <span className="weft-node__names">
      <span className="weft-node__label">{nodeName(node)}</span>
      {node.name ? (
        <span className="weft-node__key">
          {node.key}
          {definition === undefined && ` · ${type}`}
        </span>
      ) : (
        <span className="weft-node__type">{type}</span>
      )}
    </span>
  );
}

function Extras({
  node,
  joinsAny,
  isPinned,
}: Pick<NodeData, 'node' | 'joinsAny' | 'isPinned'>): ReactElement | null {
  if (node.forEach == null && node.retry == null && !joinsAny && !isPinned) return null;
  return (
    <span className="weft-node__extras">
      {isPinned && (
        <span title="Its output is pinned">
          <Icon name="pin" size={13} />
          <span className="weft-hidden">Its output is pinned</span>
        </span>
      )}
      {joinsAny && (
        <span className="weft-node__join" title="Starts when all are settled and at least one came">
          ANY
        </span>
      )}
      {node.forEach != null && (
        <span title="Runs once for each item">
          <Icon name="stack" size={13} />
          <span className="weft-hidden">Runs once for each item</span>
        </span>
      )}
      {node.retry != null && (
        <span title="Is tried again when it fails">
          <Icon name="retry" size={13} />
          <span className="weft-hidden">Is tried again when it fails</span>
        </span>
      )}
    </span>
  );
}

function ProblemBadge({ problems }: { problems: NodeData['problems'] }): ReactElement | null {
  if (problems.length === 0) return null;
  const isError = problems.some(({ severity }) => severity === 'error');
  const what = isError ? 'error' : 'warning';
  const count = isError ? problems.filter(({ severity }) => severity === 'error').length : problems.length;
  return (
    <span
      className={`weft-node__problems weft-node__problems--${what}`}
      title={problems.map(({ message }) => message).join('\n')}
    >
      <Icon name="alert" size={12} />
      {count}
      <span className="weft-hidden">{count === 1 ? what : `${what}s`}</span>
    </span>
  );
}

function Progress({
  progress,
  isRunning,
}: {
  progress: NodeData['progress'];
  isRunning: boolean;
}): ReactElement | null {
  if (!isRunning) return null;
  if (progress == null) return <span className="weft-node__progress weft-node__progress--unknown" />;
  return (
    <span
      className="weft-node__progress"
      role="progressbar"
      aria-label="Progress"
      aria-valuenow={Math.round(progress * 100)}
    >
      <span style={{ transform: `scaleX(${progress})` }} />
    </span>
  );
}

interface HandleViewProps {
  handle: PlacedHandle;
  hasRow: boolean;
  /** No connection can be made here now. */
  isPlain: boolean;
}

function HandleView({ handle, hasRow, isPlain }: HandleViewProps): ReactElement {
  const { id, label, description, role, isUnknown, x, y } = handle;
  const className = classNames(
    'weft-handle',
    `weft-handle--${role}`,
    hasRow && 'weft-handle--row',
    isUnknown && 'weft-handle--unknown',
  );
  const style = { left: x, top: y };
  const text = (
    <span className="weft-handle__label" aria-hidden={!hasRow || undefined}>
      {label}
    </span>
  );
  const type = role === 'input' ? 'target' : 'source';
  // React Flow finds handles by these names. Its own component follows its store, for connections that cannot be made here.
  if (isPlain)
    return (
      <span className={`${className} ${type}`} style={style} data-handleid={id} data-handlepos={sideOf(role)}>
        {text}
      </span>
    );
  return (
    <Handle
      id={id}
      type={type}
      position={sideOf(role)}
      className={className}
      style={style}
      title={description ? `${label}: ${description}` : label}
    >
      {text}
    </Handle>
  );
}
