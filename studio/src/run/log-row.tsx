import { memo, type ReactElement } from 'react';
import { classNames } from '../ui/class-names.ts';
import { type AnsiSpan, parseAnsi } from './model/ansi.ts';
import type { LogSource } from './model/log-lines.ts';

export interface LogRowProps {
  number: number;
  top: number;
  /** As it was printed; undefined where it is being read again. */
  raw: string | undefined;
  stream: LogSource['stream'] | undefined;
  /** Whose line it is; null where all are of the same. */
  label: string | null;
  /** What is searched for. */
  query: string;
  isCurrent: boolean;
}

/** One line, as text: nothing in it is ever taken for markup. */
export const LogRow = memo(function LogRow(props: LogRowProps): ReactElement {
  const { number, top, raw, stream, label, query, isCurrent } = props;
  return (
    <div
      className={classNames(
        'weft-log',
        stream === 'STDERR' && 'weft-log--stderr',
        (stream === 'PACKAGES' || stream === 'REQUESTS') && 'weft-log--packages',
        isCurrent && 'weft-log--current',
      )}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className="weft-log__number">{number}</span>
      {label !== null && (
        <span className="weft-log__label" title={label}>
          {label}
        </span>
      )}
      <span className="weft-log__text">
        {raw === undefined ? <span className="weft-log__away">…</span> : <Text raw={raw} query={query} />}
      </span>
    </div>
  );
});

/** Of a line; the rest is in what is copied. */
const maxShown = 4_000;

function Text({ raw, query }: { raw: string; query: string }): ReactElement {
  const spans = parseAnsi(raw.length > maxShown * 4 ? raw.slice(-maxShown * 4) : raw);
  let left = maxShown;
  const shown: AnsiSpan[] = [];
  for (const span of spans) {
    if (left <= 0) break;
    shown.push({ ...span, text: span.text.slice(0, left) });
    left -= span.text.length;
  }
  return (
    <>
      {shown.map((span, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: spans have no other name
        <span key={index} className={classOf(span)} style={styleOf(span)}>
          {query === '' ? span.text : <Marked text={span.text} query={query} />}
        </span>
      ))}
      {left < 0 && <span className="weft-log__away"> … {(-left).toLocaleString('en')} more characters</span>}
    </>
  );
}

function Marked({ text, query }: { text: string; query: string }): ReactElement {
  const parts: ReactElement[] = [];
  const lower = text.toLowerCase();
  const wanted = query.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    parts.push(<span key={from}>{text.slice(from, at)}</span>);
    parts.push(<mark key={`m${at}`}>{text.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
  }
  return (
    <>
      {parts}
      {text.slice(from)}
    </>
  );
}

function classOf({ color, background, isBold, isDim, isItalic, isUnderlined }: AnsiSpan): string {
  return classNames(
    color !== undefined && !color.startsWith('#') && `weft-ansi--${color}`,
    background !== undefined && !background.startsWith('#') && `weft-ansi-on--${background}`,
    isBold && 'weft-ansi--bold',
    isDim && 'weft-ansi--dim',
    isItalic && 'weft-ansi--italic',
    isUnderlined && 'weft-ansi--underlined',
  );
}

function styleOf({ color, background }: AnsiSpan) {
  const style: { color?: string; backgroundColor?: string } = {};
  if (color?.startsWith('#')) style.color = color;
  if (background?.startsWith('#')) style.backgroundColor = background;
  return style;
}
