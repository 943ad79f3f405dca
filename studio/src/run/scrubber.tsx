import type { CSSProperties, ReactElement } from 'react';
import { Button, IconButton } from '../ui/button.tsx';
import { formatDuration } from '../ui/format.ts';
import { countUpTo, live } from './model/moment.ts';
import type { RunModel } from './model/records.ts';
import './scrubber.css';

export interface ScrubberProps {
  run: RunModel;
  /** Infinity while live. */
  sequence: number;
  onChange: (sequence: number) => void;
}

/** Drags through the journal: everything is shown as it stood after the event it is at. */
export function Scrubber({ run, sequence, onChange }: ScrubberProps): ReactElement {
  const isLive = sequence === live;
  const at = Math.min(sequence, run.sequence);
  const startAt = run.startedAt ?? run.queuedAt ?? 0;
  const passed = Math.max(0, run.times.timeOf(at) - startAt);
  const step = (by: -1 | 1) => {
    const index = countUpTo(run.steps, at);
    const next = by === 1 ? run.steps[index] : run.steps.findLast((place) => place < at);
    if (next !== undefined) onChange(next >= run.sequence ? live : next);
  };
  return (
    <section className="weft-scrubber" aria-label="Moment of the run">
      <IconButton icon="chevronLeft" label="Previous change" size="small" onClick={() => step(-1)} />
      <input
        type="range"
        aria-label="Event"
        aria-valuetext={`event ${at} of ${run.sequence}, after ${formatDuration(passed)}`}
        min={1}
        max={Math.max(run.sequence, 1)}
        value={Math.max(at, 1)}
        style={{ '--weft-at': `${(100 * (at - 1)) / Math.max(run.sequence - 1, 1)}%` } as CSSProperties}
        onChange={(event) => {
          const next = Number(event.target.value);
          onChange(next >= run.sequence ? live : next);
        }}
      />
      <IconButton icon="chevronRight" label="Next change" size="small" onClick={() => step(1)} />
      <span className="weft-scrubber__at">
        {formatDuration(passed)}
        <span>
          {at.toLocaleString('en')} / {run.sequence.toLocaleString('en')}
        </span>
      </span>
      <Button
        size="small"
        variant={isLive ? 'secondary' : 'primary'}
        aria-pressed={isLive}
        onClick={() => onChange(live)}
      >
        {run.end === null ? 'Live' : 'End'}
      </Button>
    </section>
  );
}
