import { useCallback, useState } from 'react';

/** A choice of a person that this browser keeps: `[isOn, choose]`. Where storage is blocked it lasts as long as the page. */
export function useRemembered(name: string, initial: boolean): [boolean, (isOn: boolean) => void] {
  const key = `weft.${name}`;
  const [isOn, setIsOn] = useState(() => read(key) ?? initial);
  const choose = useCallback(
    (next: boolean) => {
      setIsOn(next);
      try {
        localStorage.setItem(key, String(next));
      } catch {
        // Blocked or full.
      }
    },
    [key],
  );
  return [isOn, choose];
}

/** A text that this browser keeps, such as a name that is typed again and again. */
export function useRememberedText(name: string): [string, (text: string) => void] {
  const key = `weft.${name}`;
  const [text, setText] = useState(() => {
    try {
      return localStorage.getItem(key) ?? '';
    } catch {
      return '';
    }
  });
  const keep = useCallback(
    (next: string) => {
      setText(next);
      try {
        localStorage.setItem(key, next);
      } catch {
        // Blocked or full.
      }
    },
    [key],
  );
  return [text, keep];
}

function read(key: string): boolean | null {
  try {
    const value = localStorage.getItem(key);
    return value === 'true' ? true : value === 'false' ? false : null;
  } catch {
    return null;
  }
}
