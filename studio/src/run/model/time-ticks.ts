import type { TimeScale } from './timeline-layout.ts';

export interface TimeTick {
  /** Milliseconds since the start. */
  at: number;
  /** 0 to 1. */
  left: number;
  label: string;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Steps of 1, 2 and 5, and of what people count minutes and hours by. */
const steps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 20, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 20, 30].map((count) => count * minute),
  ...[1, 2, 6, 12].map((count) => count * hour),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000].map((count) => count * day),
];

/**
 * Round moments at even steps, none inside of a fold, and no label on another or on a fold. A stretch behind a fold has
 * the roundest that fits, where none of the even ones does: the fold does not say how late it is.
 * @param widthPx of the whole scale
 */
export function timeTicks({ segments, startAt }: TimeScale, widthPx: number): TimeTick[] {
  const shown = segments.filter(({ isFold }) => !isFold);
  const shownMs = shown.reduce((sum, { from, to }) => sum + to - from, 0);
  const shownPx = shown.reduce((sum, { width }) => sum + width, 0) * widthPx;
  const step = steps.find((each) => (each * shownPx) / shownMs >= maxLabelPx) ?? steps.at(-1)!;
  const ticks: TimeTick[] = [];
  let takenPx = 0;
  for (const [index, { from, to, left, width }] of shown.entries()) {
    const [first, last] = [from - startAt, to - startAt];
    const isLast = index === shown.length - 1;
    const endPx = (left + width) * widthPx + (isLast ? behindPx : 0);
    const add = (at: number, by: number): boolean => {
      const place = left + (width * (at - first)) / Math.max(last - first, 1);
      const label = formatTick(at, by);
      const untilPx = place * widthPx + label.length * characterPx + gapPx;
      if (at > 0 && (place * widthPx < takenPx || untilPx > endPx)) return false;
      ticks.push({ at, left: place, label });
      takenPx = untilPx;
      return true;
    };
    const areThere = multiples(first, last, step).filter((at) => add(at, step)).length > 0;
    if (areThere || index === 0) continue;
    steps.findLast((each) => each < step && multiples(first, last, each).some((at) => add(at, each)));
  }
  return ticks;
}

const maxLabelPx = 76;
const characterPx = 6.6;
const gapPx = 10;
/** Behind the scale there is room for the end of a label. */
const behindPx = 40;

/** The multiples of a step from `first` on and before `last`. */
function multiples(first: number, last: number, step: number): number[] {
  const from = Math.ceil(first / step);
  return Array.from(
    { length: Math.max(0, Math.ceil(last / step) - from) },
    (_, index) => (from + index) * step,
  );
}

/** `0`, `200 ms`, `1.2 s`, `30 s`, `1 min 30 s`, `2 h`: as fine as the steps are, and no finer. */
export function formatTick(at: number, step: number): string {
  if (at === 0) return '0';
  if (at < second) return `${at} ms`;
  if (at < minute) return `${(at / second).toFixed(decimalsOf(step))} s`;
  const parts = [
    [Math.floor(at / day), 'd'],
    [Math.floor((at % day) / hour), 'h'],
    [Math.floor((at % hour) / minute), 'min'],
    [Number(((at % minute) / second).toFixed(decimalsOf(step))), 's'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

function decimalsOf(step: number): number {
  if (step >= second) return 0;
  return step >= 100 ? 1 : step >= 10 ? 2 : 3;
}
