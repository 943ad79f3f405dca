import type { NodeExecutionStatus } from '@weft/client';
import { type ItemCounts, isWaiting, itemCountsAt, live, workAt } from './moment.ts';
import type { Attempt, NodeRun, RunModel, WorkRun } from './records.ts';

/** A run as bars: one row for each node and, where opened, for each of its items; one bar for each attempt. */
export interface TimelineLayout {
  scale: TimeScale;
  rows: readonly TimelineRow[];
}

export interface TimelineRow {
  id: string;
  work: WorkRun;
  /** Of a node with items: whether they follow. */
  isOpen: boolean | null;
  status: NodeExecutionStatus | null;
  counts: ItemCounts | null;
}

export interface TimelineBar {
  kind: 'attempt' | 'wait';
  /** Fractions of the whole width, 0 to 1. */
  left: number;
  width: number;
  attempt: Attempt;
  status: NodeExecutionStatus;
  fromAt: number;
  /** Null while it runs. */
  untilAt: number | null;
}

/** Piecewise linear: time in which something ran, and folds for time in which nothing did. */
export interface TimeScale {
  startAt: number;
  endAt: number;
  segments: readonly TimeSegment[];
  /** Where a moment is, 0 to 1. */
  place(at: number): number;
}

export interface TimeSegment {
  from: number;
  to: number;
  left: number;
  width: number;
  isFold: boolean;
}

export interface TimelineOptions {
  /** As it stood after this event. */
  sequence?: number;
  /** Now, for what is running; the last moment of a run that has ended or is looked at earlier. */
  now: number;
  /** Nodes whose items are shown. */
  openNodes: ReadonlySet<string>;
  /** Nodes of the version, in the order to show them in; those that it does not know come after. */
  nodeOrder: readonly string[];
}

export function layoutTimeline(run: RunModel, options: TimelineOptions): TimelineLayout {
  const { sequence = live, openNodes, nodeOrder } = options;
  const keys = new Set([...nodeOrder.filter((key) => run.nodes.has(key)), ...run.nodes.keys()]);
  const rows: TimelineRow[] = [];
  for (const key of keys) {
    const node = run.nodes.get(key)!;
    const { status } = workAt(node, sequence);
    if (status === null) continue;
    const counts = itemCountsAt(node, sequence);
    const isOpen = counts === null ? null : openNodes.has(key);
    rows.push({ id: key, work: node, isOpen, status, counts });
    if (isOpen) rows.push(...itemRows(node, sequence));
  }
  return { scale: timeScale(run, options), rows };
}

function itemRows(node: NodeRun, sequence: number): TimelineRow[] {
  const rows: TimelineRow[] = [];
  for (const work of node.items.values()) {
    const { status } = workAt(work, sequence);
    if (status === null) continue;
    rows.push({ id: `${node.nodeKey}/${work.item}`, work, isOpen: null, status, counts: null });
  }
  return rows.sort((a, b) => a.work.item! - b.work.item!);
}

/**
 * The bars of one row: made for the rows in sight alone.
 * @param openUntil where a bar ends that is still open
 */
export function barsOf(
  work: WorkRun,
  scale: TimeScale,
  { sequence = live, openUntil = scale.endAt }: { sequence?: number; openUntil?: number } = {},
): TimelineBar[] {
  const bars: TimelineBar[] = [];
  const add = (kind: TimelineBar['kind'], attempt: Attempt, fromAt: number, untilAt: number | null) => {
    const left = scale.place(fromAt);
    const width = Math.max(0, scale.place(untilAt ?? openUntil) - left);
    const status = kind === 'wait' ? 'WAITING' : statusOf(attempt, untilAt !== null);
    bars.push({ kind, left, width, attempt, status, fromAt, untilAt });
  };
  for (const [index, attempt] of work.attempts.entries()) {
    if (attempt.startSequence > sequence) break;
    const hasEnded = attempt.endSequence !== null && attempt.endSequence <= sequence;
    add('attempt', attempt, attempt.startAt, hasEnded ? attempt.endAt : null);
    if (!hasEnded || !isWaiting(attempt)) continue;
    const next = work.attempts[index + 1];
    const hasNext = next !== undefined && next.startSequence <= sequence;
    add('wait', attempt, attempt.endAt!, hasNext ? next.startAt : null);
  }
  return bars;
}

function statusOf({ outcome }: Attempt, hasEnded: boolean): NodeExecutionStatus {
  if (!hasEnded || outcome === null) return 'RUNNING';
  switch (outcome) {
    case 'RETRY':
      return 'FAILED';
    case 'WAIT':
      return 'RUNNING';
    case 'LOST':
      return 'CANCELED';
    default:
      return outcome;
  }
}

/** A pause is folded where it is longer than this share of the time in which something ran, and than a second. */
const foldShare = 0.08;
const minFoldMs = 1_000;
/** What a fold takes of the width. */
const foldWidth = 0.035;

export function timeScale(run: RunModel, { sequence = live, now }: TimelineOptions): TimeScale {
  const isOver = run.end !== null || sequence !== live;
  const startAt = run.activity[0]?.from ?? run.startedAt ?? run.queuedAt ?? now;
  const endAt = Math.max(isOver ? run.lastAt : now, startAt + 1);
  const active = run.activity.map(({ from, to }) => ({ from, to: to ?? endAt }));
  const activeMs = active.reduce((sum, { from, to }) => sum + to - from, 0);
  const maxGapMs = Math.max(activeMs * foldShare, minFoldMs);

  // Neighbours with a short pause between them are one stretch of time.
  const stretches: { from: number; to: number }[] = [];
  for (const { from, to } of active) {
    const last = stretches.at(-1);
    if (last !== undefined && from - last.to <= maxGapMs) last.to = Math.max(last.to, to);
    else stretches.push({ from, to });
  }
  if (stretches.length === 0) stretches.push({ from: startAt, to: endAt });
  const last = stretches.at(-1)!;
  if (endAt - last.to <= maxGapMs) last.to = Math.max(last.to, endAt);

  const parts: { from: number; to: number; isFold: boolean }[] = [];
  for (const [index, stretch] of stretches.entries()) {
    if (index > 0) parts.push({ from: stretches[index - 1]!.to, to: stretch.from, isFold: true });
    parts.push({ ...stretch, isFold: false });
  }
  if (last.to < endAt) parts.push({ from: last.to, to: endAt, isFold: true });
  return scaleOf(parts, startAt, endAt);
}

function scaleOf(
  parts: readonly { from: number; to: number; isFold: boolean }[],
  startAt: number,
  endAt: number,
): TimeScale {
  const folds = parts.filter(({ isFold }) => isFold).length;
  const widthOfFold = Math.min(foldWidth, 0.4 / Math.max(1, folds));
  const shownMs = parts.reduce((sum, { from, to, isFold }) => sum + (isFold ? 0 : to - from), 0);
  const perMs = (1 - folds * widthOfFold) / Math.max(shownMs, 1);
  const segments: TimeSegment[] = [];
  let left = 0;
  for (const part of parts) {
    const width = part.isFold ? widthOfFold : (part.to - part.from) * perMs;
    segments.push({ ...part, left, width });
    left += width;
  }
  return {
    startAt,
    endAt,
    segments,
    place(at) {
      const segment = segmentAt(segments, at);
      if (segment === undefined || at <= segment.from) return segment?.left ?? 0;
      const share = (at - segment.from) / Math.max(segment.to - segment.from, 1);
      return segment.left + segment.width * Math.min(1, share);
    },
  };
}

/** The last that begins at or before the moment; the first for what is before all. */
function segmentAt(segments: readonly TimeSegment[], at: number): TimeSegment | undefined {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle]!.from <= at) low = middle + 1;
    else high = middle;
  }
  return segments[low - 1] ?? segments[0];
}
