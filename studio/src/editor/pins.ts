import { useCallback, useMemo, useState } from 'react';

/** An output that stands in for a node in the runs of the editor. */
export interface Pin {
  nodeKey: string;
  output: unknown;
  handle: string | null;
}

export interface Pins {
  all: readonly Pin[];
  keys: ReadonlySet<string>;
  add: (pin: Pin) => void;
  remove: (nodeKey: string) => void;
  clear: () => void;
}

/** What is pinned in a workflow, which this browser keeps; where storage is blocked or full, it lasts as long as the page. */
export function usePins(workflowId: string): Pins {
  const name = `weft.pins.${workflowId}`;
  const [all, setAll] = useState(() => read(name));
  const change = useCallback(
    (next: (before: readonly Pin[]) => readonly Pin[]) =>
      setAll((before) => {
        const pins = next(before);
        write(name, pins);
        return pins;
      }),
    [name],
  );
  return useMemo(
    () => ({
      all,
      keys: new Set(all.map(({ nodeKey }) => nodeKey)),
      add: (pin) => change((before) => [...without(before, pin.nodeKey), pin]),
      remove: (nodeKey) => change((before) => without(before, nodeKey)),
      clear: () => change(() => []),
    }),
    [all, change],
  );
}

function without(pins: readonly Pin[], nodeKey: string): Pin[] {
  return pins.filter((pin) => pin.nodeKey !== nodeKey);
}

function read(name: string): readonly Pin[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(name) ?? '[]');
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function write(name: string, pins: readonly Pin[]): void {
  try {
    if (pins.length === 0) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(pins));
  } catch {
    // Blocked or full.
  }
}
