import type { EditorView } from '@codemirror/view';
import { type ReactElement, type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import { Dialog } from '../../ui/dialog.tsx';

export interface LargeCodeProps {
  title: string;
  /** The editor that moves into the dialog, with its text, history and cursor. */
  view: EditorView;
  /** Where it stands otherwise. */
  home: RefObject<HTMLElement | null>;
  onClose: () => void;
}

/** An editor over most of the window. It is the same one: what is typed in it is typed in the form. */
export function LargeCode({ title, view, home, onClose }: LargeCodeProps): ReactElement {
  return (
    <Dialog
      title={title}
      size="full"
      isOpen
      onClose={onClose}
      actions={
        <p className="weft-code__keys">
          <kbd>Tab</kbd> indents, <kbd>Esc</kbd> closes
        </p>
      }
    >
      <Place view={view} home={home} />
    </Dialog>
  );
}

function Place({ view, home }: Pick<LargeCodeProps, 'view' | 'home'>): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    place.current?.append(view.dom);
    return () => {
      home.current?.append(view.dom);
    };
  }, [view, home]);
  useEffect(() => {
    const focus = () => {
      if (!view.dom.isConnected) return;
      view.requestMeasure();
      view.focus();
    };
    const frame = requestAnimationFrame(focus); // after the dialog, and then the page, has put the focus where it would
    return () => {
      cancelAnimationFrame(frame);
      requestAnimationFrame(focus);
    };
  }, [view]);
  return <div ref={place} className="weft-code weft-code--large" />;
}
