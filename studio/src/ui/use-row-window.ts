import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useLayoutEffect, useState } from 'react';

export interface RowWindow {
  /** The rows to draw, by their index. */
  indexes: readonly number[];
  /** Heights of what is not drawn, px. */
  before: number;
  after: number;
  /** For the `ref` of each row, which needs its index as `data-index`. */
  measure: ((row: HTMLElement | null) => void) | undefined;
}

/** Which rows of a long table are drawn: all of a short one, else those near what its scrolling ancestor shows. */
export function useRowWindow(table: RefObject<HTMLElement | null>, count: number): RowWindow {
  const [place, setPlace] = useState<{ scroller: HTMLElement; margin: number } | null>(null);
  const isWindowed = count > windowedFrom;
  useLayoutEffect(() => {
    const element = table.current;
    if (!isWindowed || element === null) return;
    const scroller = scrollerOf(element);
    const margin =
      element.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
    setPlace({ scroller, margin });
  }, [isWindowed, table]);
  const virtualizer = useVirtualizer({
    count,
    enabled: isWindowed && place !== null,
    getScrollElement: () => place?.scroller ?? null,
    estimateSize: () => estimatedRowPx,
    scrollMargin: place?.margin ?? 0,
    overscan: 12,
  });
  if (!isWindowed || place === null) {
    const shown = Math.min(count, windowedFrom);
    return {
      indexes: Array.from({ length: shown }, (_, index) => index),
      before: 0,
      after: 0,
      measure: undefined,
    };
  }
  const items = virtualizer.getVirtualItems();
  return {
    indexes: items.map(({ index }) => index),
    before: (items[0]?.start ?? place.margin) - place.margin,
    after: virtualizer.getTotalSize() + place.margin - (items.at(-1)?.end ?? place.margin),
    measure: virtualizer.measureElement,
  };
}

const windowedFrom = 100;
const estimatedRowPx = 58;

function scrollerOf(element: HTMLElement): HTMLElement {
  for (let parent = element.parentElement; parent !== null; parent = parent.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(parent).overflowY)) return parent;
  }
  return document.documentElement;
}
