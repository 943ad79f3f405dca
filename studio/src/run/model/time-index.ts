/** When each event happened: eight bytes an event. */
export interface TimeIndex {
  add(sequence: number, at: number): void;
  /** Of the last event, where there is no such event yet. */
  timeOf(sequence: number): number;
}

export function makeTimeIndex(): TimeIndex {
  const times: number[] = [];
  return {
    add(sequence, at) {
      times[sequence - 1] = at;
    },
    timeOf: (sequence) => times[Math.min(sequence, times.length) - 1] ?? 0,
  };
}

let lastText = '';
let lastMoment = 0;

/** Milliseconds since the epoch. Events in quick succession have the same time, and parsing it is most of a line's cost. */
export function momentOfText(text: string): number {
  if (text !== lastText) {
    lastText = text;
    lastMoment = Date.parse(text);
  }
  return lastMoment;
}
