import { type ReactElement, useEffect, useRef } from 'react';
import { Button } from './button.tsx';
import './more-on-scroll.css';

export interface MoreOnScrollProps {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  /** A page that could not be read is not tried again by scrolling. */
  isFetchNextPageError: boolean;
  fetchNextPage: () => unknown;
}

/** At the end of a list that is read page by page: the next page comes when this comes into sight, or by its button. */
export function MoreOnScroll(props: MoreOnScrollProps): ReactElement | null {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = props;
  const ref = useRef<HTMLDivElement>(null);
  const mayFetch = hasNextPage && !isFetchingNextPage && !isFetchNextPageError;
  useEffect(() => {
    if (!mayFetch || ref.current === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) void fetchNextPage();
      },
      { rootMargin: '600px' },
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [mayFetch, fetchNextPage]);
  if (!hasNextPage) return null;
  return (
    <div ref={ref} className="weft-more">
      <Button isBusy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        Show more
      </Button>
    </div>
  );
}
