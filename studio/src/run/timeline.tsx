import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactElement, useEffect, useId, useMemo, useRef, useState } from 'react';
import { classNames } from '../ui/class-names.ts';
import { formatDuration } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { StatusIcon, statusLabel, statusTone } from '../ui/status-badge.tsx';
import { live } from './model/moment.ts';
import type { RunModel } from './model/records.ts';
import {
  barsOf,
  layoutTimeline,
  type TimelineBar,
  type TimelineRow,
  type TimeScale,
} from './model/timeline-layout.ts';
import './timeline.css';

export interface Selection {
  nodeKey: string;
  item: number | null;
}

export interface TimelineProps {
  run: RunModel;
  /** Changes whenever the run has. */
  version: unknown;
  /** As it stood after this event. */
  sequence: number;
  selected: Selection | null;
  onSelect: (selection: Selection | null) => void;
  nodeOrder: readonly string[];
  nameOf: (nodeKey: string) => string;
  /** The nodes that the length of the run hung on. */
  critical: ReadonlySet<string>;
}

const rowHeight = 30;

/** A bar for each attempt of each node, and of each item where a node is opened. */
export function Timeline(props: TimelineProps): ReactElement {
  const { run, version, sequence, selected, onSelect, nodeOrder, nameOf, critical } = props;
  const id = useId();
  const scroll = useRef<HTMLDivElement>(null);
  const [openNodes, setOpenNodes] = useState<ReadonlySet<string>>(new Set());
  const now = useNowWhile(run.end === null && sequence === live);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that the run has changed
  const layout = useMemo(
    () => layoutTimeline(run, { sequence, now, openNodes, nodeOrder }),
    [run, version, sequence, now, openNodes, nodeOrder],
  );
  const { rows, scale } = layout;
  const chosen = rows.findIndex(
    ({ work }) => work.nodeKey === selected?.nodeKey && work.item === selected.item,
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const toggle = (nodeKey: string, isOpen: boolean) =>
    setOpenNodes((all) => new Set(isOpen ? [...all, nodeKey] : [...all].filter((key) => key !== nodeKey)));
  const choose = (index: number) => {
    const row = rows[index];
    if (row === undefined) return;
    onSelect({ nodeKey: row.work.nodeKey, item: row.work.item });
    virtual.scrollToIndex(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[chosen];
    const step = keySteps[event.key];
    if (step !== undefined) choose(step(chosen, rows.length));
    else if (event.key === 'ArrowRight' && row?.isOpen === false) toggle(row.id, true);
    else if (event.key === 'ArrowLeft' && row !== undefined) {
      if (row.work.item === null) toggle(row.id, false);
      else choose(rows.findIndex(({ id: other }) => other === row.work.nodeKey));
    } else if (event.key === 'Escape') onSelect(null);
    else return;
    event.preventDefault();
  };
  const openUntil = sequence === live ? scale.endAt : run.times.timeOf(sequence);
  return (
    <div className="weft-timeline">
      <TimeAxis scale={scale} />
      <div
        ref={scroll}
        role="tree"
        aria-label="Timeline"
        tabIndex={0}
        aria-activedescendant={chosen === -1 ? undefined : `${id}-${chosen}`}
        className="weft-timeline__rows"
        onKeyDown={onKeyDown}
      >
        <div role="presentation" className="weft-timeline__all" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index]!;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
              <div
                key={row.id}
                id={`${id}-${index}`}
                role="treeitem"
                tabIndex={-1}
                aria-level={row.work.item === null ? 1 : 2}
                aria-expanded={row.isOpen ?? undefined}
                aria-selected={index === chosen}
                className={classNames('weft-timeline__row', index === chosen && 'weft-timeline__row--chosen')}
                style={{ transform: `translateY(${start}px)`, height: rowHeight }}
                onClick={() => choose(index)}
              >
                <RowName row={row} nameOf={nameOf} onToggle={toggle} />
                <RowBars
                  bars={barsOf(row.work, scale, { sequence, openUntil })}
                  row={row}
                  isCritical={row.work.item === null && critical.has(row.work.nodeKey)}
                />
              </div>
            );
          })}
        </div>
      </div>
      {rows.length === 0 && <p className="weft-timeline__none">Nothing has begun.</p>}
    </div>
  );
}

const keySteps: Record<string, (index: number, count: number) => number> = {
  ArrowDown: (index, count) => Math.min(index + 1, count - 1),
  ArrowUp: (index) => Math.max(index - 1, 0),
  Home: () => 0,
  End: (_, count) => count - 1,
  PageDown: (index, count) => Math.min(index + 10, count - 1),
  PageUp: (index) => Math.max(index - 10, 0),
};

function RowName({
  row,
  nameOf,
  onToggle,
}: {
  row: TimelineRow;
  nameOf: (nodeKey: string) => string;
  onToggle: (nodeKey: string, isOpen: boolean) => void;
}): ReactElement {
  const { work, isOpen, status, counts } = row;
  const name = work.item === null ? nameOf(work.nodeKey) : `[${work.item}]`;
  return (
    <span className={classNames('weft-timeline__name', work.item !== null && 'weft-timeline__name--item')}>
      {isOpen !== null && (
        <button
          type="button"
          tabIndex={-1}
          className={classNames('weft-timeline__toggle', isOpen && 'weft-timeline__toggle--open')}
          aria-label={isOpen ? `Hide the items of ${name}` : `Show the items of ${name}`}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(work.nodeKey, !isOpen);
          }}
        >
          <Icon name="chevronRight" size={12} />
        </button>
      )}
      {status && (
        <span className={`weft-timeline__status weft-tone--${statusTone(status)}`}>
          <StatusIcon status={status} />
          <span className="weft-hidden">{statusLabel(status)}</span>
        </span>
      )}
      <span className="weft-timeline__label" title={name}>
        {name}
      </span>
      {counts && (
        <span className="weft-timeline__counts">
          {counts.succeeded + counts.failed} / {counts.total}
          {counts.failed > 0 && <span className="weft-tone--failure"> · {counts.failed} failed</span>}
        </span>
      )}
    </span>
  );
}

function RowBars({
  bars,
  row,
  isCritical,
}: {
  bars: readonly TimelineBar[];
  row: TimelineRow;
  isCritical: boolean;
}): ReactElement {
  const first = bars[0];
  const last = bars.at(-1);
  const end = last ? last.left + last.width : 0;
  return (
    <span className="weft-timeline__track">
      {bars.map((bar) => (
        <span
          key={`${bar.kind}${bar.attempt.number}-${bar.fromAt}`}
          className={classNames(
            'weft-timeline__bar',
            `weft-timeline__bar--${bar.kind}`,
            `weft-fill--${statusTone(bar.status)}`,
            bar.untilAt === null && 'weft-timeline__bar--open',
          )}
          style={{ left: `${bar.left * 100}%`, width: `${bar.width * 100}%` }}
          title={titleOf(bar)}
        />
      ))}
      {first && isCritical && (
        <span
          className="weft-timeline__critical"
          style={{ left: `${first.left * 100}%`, width: `${(end - first.left) * 100}%` }}
          title="The run was as long as this took"
        />
      )}
      {first && last && (
        <span
          className={classNames('weft-timeline__took', end > 0.8 && 'weft-timeline__took--before')}
          style={end > 0.8 ? { right: `${(1 - first.left) * 100}%` } : { left: `${end * 100}%` }}
        >
          {row.status === 'RUNNING' ? '' : formatDuration((last.untilAt ?? last.fromAt) - first.fromAt)}
          {last.attempt.number > 1 && ` · attempt ${last.attempt.number}`}
        </span>
      )}
      {!first && <span className="weft-timeline__took">{row.status && statusLabel(row.status)}</span>}
    </span>
  );
}

function titleOf({ kind, attempt, status, fromAt, untilAt }: TimelineBar): string {
  const took = untilAt === null ? 'until now' : formatDuration(untilAt - fromAt);
  if (kind === 'wait') return `Waits to try again: ${took}`;
  return `Attempt ${attempt.number}: ${statusLabel(status)}, ${took}`;
}

/** Where the time is, and where it was folded because nothing ran. */
function TimeAxis({ scale }: { scale: TimeScale }): ReactElement {
  return (
    <div className="weft-timeline__axis" aria-hidden="true">
      <span />
      <span className="weft-timeline__track">
        {ticksOf(scale).map(({ at, left }) => (
          <span key={at} className="weft-timeline__tick" style={{ left: `${left * 100}%` }}>
            {formatDuration(at - scale.startAt)}
          </span>
        ))}
        {scale.segments
          .filter(({ isFold }) => isFold)
          .map(({ from, to, left, width }) => (
            <span
              key={from}
              className="weft-timeline__fold"
              style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
              title={`${formatDuration(to - from)} in which nothing ran`}
            />
          ))}
      </span>
    </div>
  );
}

/** Even steps in what is shown, none inside of a fold, none on top of another. */
function ticksOf(scale: TimeScale): { at: number; left: number }[] {
  const ticks: { at: number; left: number }[] = [];
  for (const { from, to, left, width, isFold } of scale.segments) {
    if (isFold) continue;
    const steps = Math.max(1, Math.round(width * 5));
    for (let step = 0; step < steps; step++) {
      const tick = { at: from + ((to - from) * step) / steps, left: left + (width * step) / steps };
      const last = ticks.at(-1);
      if (tick.left < 0.95 && (last === undefined || tick.left - last.left > 0.09)) ticks.push(tick);
    }
  }
  return ticks;
}

/** The time, some times a second while something runs. */
function useNowWhile(isRunning: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
