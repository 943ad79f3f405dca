import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactElement, useEffect, useId, useMemo, useRef, useState } from 'react';
import { classNames } from '../ui/class-names.ts';
import { formatDuration } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { StatusIcon, statusLabel, statusTone } from '../ui/status-badge.tsx';
import { useWidth } from '../ui/use-width.ts';
import { installingAt, installingText, installsOf } from './model/installing.ts';
import { live } from './model/moment.ts';
import type { EnvironmentRecord, RunModel } from './model/records.ts';
import { timeTicks } from './model/time-ticks.ts';
import {
  barsOf,
  layoutTimeline,
  type TimelineBar,
  type TimelineRow,
  type TimeScale,
} from './model/timeline-layout.ts';
import { waitText } from './model/waiting.ts';
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
      <TimeAxis
        scale={scale}
        hasCriticalPath={critical.size > 0}
        hasInstalls={[...run.nodes.values()].some(({ stages }) => stages.length > 0)}
      />
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
                  installs={installBars(run, row, scale, sequence, openUntil)}
                  installing={installingAt(run, row.work, sequence)}
                  isCritical={row.work.item === null && critical.has(row.work.nodeKey)}
                />
                <RowDuration row={row} sequence={sequence} openUntil={openUntil} />
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
          {counts.failed > 0 && (
            <span className="weft-timeline__failed weft-tone--failure"> · {counts.failed} failed</span>
          )}
        </span>
      )}
    </span>
  );
}

interface RowBarsProps {
  bars: readonly TimelineBar[];
  installs: readonly Span[];
  installing: EnvironmentRecord | null;
  isCritical: boolean;
}

function RowBars({ bars, installs, installing, isCritical }: RowBarsProps): ReactElement {
  const first = bars[0];
  const last = bars.at(-1);
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
          style={placed(bar)}
          title={titleOf(bar)}
        />
      ))}
      {installs.map((span) => (
        <span
          key={span.left}
          className="weft-timeline__install"
          style={placed(span)}
          title={`Packages were installed: ${formatDuration(span.ms)}`}
        />
      ))}
      {first && last && isCritical && (
        <span
          className="weft-timeline__critical"
          style={placed({ left: first.left, width: last.left + last.width - first.left })}
          title="On the critical path: the run was as long as this took"
        />
      )}
      {last?.kind === 'wait' && last.untilAt === null && last.attempt.wait && (
        <span
          className="weft-timeline__installing weft-timeline__waiting"
          style={last.left > 0.5 ? { right: `${(1 - last.left) * 100}%` } : { left: percent(last.left) }}
        >
          Waits {waitText(last.attempt.wait, Date.now())}
        </span>
      )}
      {installing && (
        <span
          className="weft-timeline__installing"
          style={
            (last?.left ?? 0) > 0.5 ? { right: `${(1 - last!.left) * 100}%` } : { left: percent(last?.left) }
          }
        >
          {installingText(installing)}
        </span>
      )}
    </span>
  );
}

interface Span {
  left: number;
  width: number;
  ms: number;
}

/** The parts of the attempts in which packages were installed. */
function installBars(
  run: RunModel,
  { work }: TimelineRow,
  scale: TimeScale,
  sequence: number,
  openUntil: number,
): Span[] {
  if (run.nodes.get(work.nodeKey)?.stages.length === 0) return [];
  return work.attempts.flatMap(({ number }) => {
    const span = installsOf(run, work, number, sequence);
    if (span === null) return [];
    const to = span.to ?? openUntil;
    const left = scale.place(span.from);
    return [{ left, width: Math.max(0, scale.place(to) - left), ms: to - span.from }];
  });
}

function placed({ left, width }: { left: number; width: number }) {
  return { left: percent(left), width: percent(width) };
}

function percent(share = 0): string {
  return `${share * 100}%`;
}

/** How long it took from its first attempt on, in a column of its own: no bar is too long for it. */
function RowDuration({
  row,
  sequence,
  openUntil,
}: {
  row: TimelineRow;
  sequence: number;
  openUntil: number;
}): ReactElement {
  const begun = row.work.attempts.filter(({ startSequence }) => startSequence <= sequence);
  const [first, last] = [begun[0], begun.at(-1)];
  if (first === undefined || last === undefined)
    return <span className="weft-timeline__took">{row.status && statusLabel(row.status)}</span>;
  const hasEnded = last.endSequence !== null && last.endSequence <= sequence;
  const ms = (hasEnded ? last.endAt! : openUntil) - first.startAt;
  return (
    <span className="weft-timeline__took">
      {last.number > 1 && <span className="weft-timeline__attempt">attempt {last.number} · </span>}
      {formatDuration(Math.max(0, ms), hasEnded ? 'milliseconds' : 'seconds')}
    </span>
  );
}

function titleOf({ kind, attempt, status, fromAt, untilAt }: TimelineBar): string {
  const took = untilAt === null ? 'until now' : formatDuration(untilAt - fromAt);
  if (kind === 'wait')
    return `Waits ${attempt.wait === null ? 'to try again' : waitText(attempt.wait, Date.now())}: ${took}`;
  return `Attempt ${attempt.number}: ${statusLabel(status)}, ${took}`;
}

interface TimeAxisProps {
  scale: TimeScale;
  hasCriticalPath: boolean;
  hasInstalls: boolean;
}

/** Where the time is, where it was folded because nothing ran, and what the marks on the bars mean. */
function TimeAxis({ scale, hasCriticalPath, hasInstalls }: TimeAxisProps): ReactElement {
  const [track, width] = useWidth<HTMLSpanElement>();
  const folds = scale.segments.filter(({ isFold }) => isFold);
  return (
    <div className="weft-timeline__axis">
      <ul className="weft-timeline__legend" aria-label="Legend">
        {hasCriticalPath && (
          <li title="The run was as long as the nodes on it took">
            <span className="weft-timeline__sample weft-timeline__sample--critical" />
            Critical path
          </li>
        )}
        {folds.length > 0 && (
          <li title="Time in which nothing ran is shortened">
            <span className="weft-timeline__sample weft-timeline__sample--fold" />
            Nothing ran
          </li>
        )}
        {hasInstalls && (
          <li title="Packages were installed">
            <span className="weft-timeline__sample weft-timeline__sample--install" />
            Installing
          </li>
        )}
      </ul>
      <span ref={track} className="weft-timeline__track" aria-hidden="true">
        {timeTicks(scale, width).map(({ at, left, label }) => (
          <span key={at} className="weft-timeline__tick" style={{ left: percent(left) }}>
            {label}
          </span>
        ))}
        {folds.map(({ from, to, left, width: share }) => (
          <span
            key={from}
            className="weft-timeline__fold"
            style={{ left: percent(left), width: percent(share) }}
            title={`${formatDuration(to - from)} in which nothing ran`}
          />
        ))}
      </span>
      <span className="weft-timeline__took" aria-hidden="true">
        Took
      </span>
    </div>
  );
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
