/** Puts a popover that is open below its anchor, or above where there is more room, within the window. */
export function placeBy(anchor: Element, popover: HTMLElement, align: 'start' | 'center' | 'end'): void {
  const by = anchor.getBoundingClientRect();
  const { width, height } = popover.getBoundingClientRect();
  const below = by.bottom + gap;
  const hasRoomBelow = below + height <= innerHeight - gap;
  const top = hasRoomBelow ? below : Math.max(gap, by.top - gap - height);
  const left = { start: by.left, center: by.left + by.width / 2 - width / 2, end: by.right - width }[align];
  popover.style.top = `${top}px`;
  popover.style.left = `${Math.min(Math.max(gap, left), Math.max(gap, innerWidth - width - gap))}px`;
}

const gap = 6;
