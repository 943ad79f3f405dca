import { type ReactElement, useEffect, useLayoutEffect, useRef, useState } from 'react';
import './tooltip.css';
import { placeBy } from './place.ts';

/**
 * Shows `text` by its child on hover and on focus. For what the child's own label says already, or what may be missed:
 * touch screens have no hover.
 */
export function Tooltip({ text, children }: { text: string; children: ReactElement }): ReactElement {
  const anchor = useRef<HTMLSpanElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [isShown, setIsShown] = useState(false);
  useEffect(() => () => clearTimeout(timer.current), []);

  const showSoon = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setIsShown(true), hoverDelayMs);
  };
  const hide = () => {
    clearTimeout(timer.current);
    setIsShown(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only watches; the child is what is used
    <span
      ref={anchor}
      className="weft-tooltip-anchor"
      onMouseEnter={showSoon}
      onMouseLeave={hide}
      onFocus={(event) => event.target.matches(':focus-visible') && setIsShown(true)}
      onBlur={hide}
      onClick={hide}
      onKeyDown={(event) => event.key === 'Escape' && hide()}
    >
      {children}
      {isShown && <Bubble text={text} anchor={anchor.current?.firstElementChild ?? null} />}
    </span>
  );
}

const hoverDelayMs = 350;

function Bubble({ text, anchor }: { text: string; anchor: Element | null }): ReactElement {
  const ref = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    ref.current?.showPopover();
    if (ref.current && anchor) placeBy(anchor, ref.current, 'center');
  }, [anchor]);
  return (
    <span ref={ref} popover="manual" className="weft-tooltip" aria-hidden="true">
      {text}
    </span>
  );
}
