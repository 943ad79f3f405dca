import type { Selection } from './timeline.tsx';

/** What of a run is looked at: an app may keep it in the address. */
export interface RunPlace {
  /** The node, and of one that runs `forEach` the item; null for the run as a whole. */
  selected: Selection | null;
  tab: RunTab;
  /** Above it: bars in time, or the version's graph. */
  view: 'timeline' | 'graph';
  /** The event after which all of it is shown as it stood then; null for now. */
  at: number | null;
}

export type RunTab = 'logs' | 'output' | 'input' | 'files' | 'findings' | 'runs';
