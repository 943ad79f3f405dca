import { type CancelDeps, cancelChildren } from './cancel.ts';
import { SEND_SIGNAL } from './queue.ts';

/** The node, or item of one, that waits for an execution. */
export interface WaitingParent {
  executionId: string;
  nodeKey: string;
  item: number | null;
}

/** What follows from the end of an execution for those that it started, and for the one that started it. */
export interface Family {
  /** May be called again for the same end. @param mayHaveChildren whether nodes of it start executions */
  ended(id: string, parent: WaitingParent | null, mayHaveChildren: boolean): Promise<void>;
}

export function makeFamily(deps: CancelDeps): Family {
  const { pool, hub } = deps;
  return {
    async ended(id, parent, mayHaveChildren) {
      if (mayHaveChildren) await cancelChildren(deps, id);
      if (parent === null) return;
      const payload = JSON.stringify({ executionId: id });
      await pool.query(SEND_SIGNAL, [parent.executionId, parent.nodeKey, parent.item, payload]);
      hub.wake('request', parent.executionId);
      hub.wake('queue', '');
    },
  };
}
