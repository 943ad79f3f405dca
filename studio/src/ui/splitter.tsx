import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  useRef,
  useState,
} from 'react';
import './splitter.css';

export interface SplitterProps {
  /** What the handle changes the size of; read out. */
  label: string;
  /** Two panes; the second has the size that is set. */
  children: [ReactNode, ReactNode];
  /** `row`: side by side, `column`: one above the other. */
  direction: 'row' | 'column';
  /** Of the second pane, px. */
  initialSize: number;
  minSize?: number;
  maxSize?: number;
  /** The second pane is out of sight, and stays what it is. */
  isCollapsed?: boolean;
}

/** Two panes with a handle between them, for the pointer and for arrow keys. */
export function Splitter(props: SplitterProps): ReactElement {
  const {
    label,
    children,
    direction,
    initialSize,
    minSize = 160,
    maxSize = 1200,
    isCollapsed = false,
  } = props;
  const [size, setSize] = useState(initialSize);
  const frame = useRef<HTMLDivElement>(null);
  const set = (next: number) => setSize(Math.round(Math.min(Math.max(next, minSize), maxSize)));

  const onPointerMove = (event: PointerEvent) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || frame.current === null) return;
    const { right, bottom } = frame.current.getBoundingClientRect();
    set(direction === 'row' ? right - event.clientX : bottom - event.clientY);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const [grow, shrink] = direction === 'row' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    if (event.key !== grow && event.key !== shrink) return;
    event.preventDefault();
    set(size + (event.key === grow ? keyStep : -keyStep));
  };
  return (
    <div ref={frame} className={`weft-splitter weft-splitter--${direction}`}>
      <div className="weft-splitter__pane">{children[0]}</div>
      {/* biome-ignore lint/a11y/useSemanticElements: an <hr> cannot be moved */}
      <div
        role="separator"
        aria-label={label}
        aria-orientation={direction === 'row' ? 'vertical' : 'horizontal'}
        aria-valuenow={size}
        aria-valuemin={minSize}
        aria-valuemax={maxSize}
        tabIndex={0}
        hidden={isCollapsed}
        className="weft-splitter__handle"
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={onPointerMove}
        onKeyDown={onKeyDown}
      />
      <div
        className="weft-splitter__pane weft-splitter__pane--sized"
        hidden={isCollapsed}
        style={{ [direction === 'row' ? 'width' : 'height']: size }}
      >
        {children[1]}
      </div>
    </div>
  );
}

const keyStep = 24;
