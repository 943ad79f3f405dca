import { useRef } from 'react';

/** The value of the last rendering, for handlers that stay the same. */
export function useLatest<T>(value: T) {
  const ref = useRef(value);
  ref.current = value;
  return ref;
}
