import type { JournalWriter } from '../journal/append.ts';
import type { NodeDefinition } from '../nodes/definition.ts';
import { WeftError } from '../shared/errors.ts';

/**
 * Running ahead: a node's code starts while the step that starts the node is still being committed, and the first node
 * of an execution while the statement that inserts the execution is. A node without outside effects reaches nothing but
 * the journal, where whatever it emits commits after its `NodeStarted`; so what is lost with a worker was seen by nobody.
 * A step waits for the one before it, so that code is never more than one step ahead; a lane of a list, whose items are
 * no steps, has a bound of its own (for-each.ts).
 *
 * It saves one commit for each node and one for each start. Measured on two busy cores, `pythonRun` with a commit of
 * 1.2 ms, p50 of 250 runs in turn: 11.5 ms; without running ahead of the start 12.3 to 13.8; without any 14.5
 * (bench/run-ahead).
 *
 * The one switch is `WEFT_RUN_AHEAD`. Whatever it says, nothing runs ahead
 * - that has outside effects (`NodeDefinition.effects`);
 * - in a worker that replaces a lost one: what ended that one may have been code whose `NodeStarted` was never
 *   committed. So every start is committed first, and a further loss counts (recovery.ts).
 */
export function mayRunAhead(
  runAhead: boolean,
  { definition: { effects }, config }: { definition: Pick<NodeDefinition, 'effects'>; config: unknown },
): boolean {
  return runAhead && (typeof effects === 'function' ? effects(config as object) : effects) === 'none';
}

/**
 * A journal whose execution is still being inserted: appends wait for that, and are lost where it fails.
 * @param inserted resolves with whether the execution was inserted; never rejects
 */
export function afterInsert(journal: JournalWriter, inserted: Promise<boolean>): JournalWriter {
  const failed = new AbortController();
  let isInserted = false;
  /** Appends that wait; a later one must not pass them. */
  let waiting = 0;
  // cannot reject: see the parameter
  void inserted.then((succeeded) => {
    isInserted = succeeded;
    if (!succeeded) failed.abort(notInserted());
  });
  return {
    lost: AbortSignal.any([journal.lost, failed.signal]),
    get pendingBytes() {
      // A node that emits anything waits for the insert: what it emits before could not be committed anyway.
      return isInserted ? journal.pendingBytes : Number.POSITIVE_INFINITY;
    },
    get sequence() {
      return journal.sequence;
    },
    append(events) {
      if (isInserted && waiting === 0) return journal.append(events);
      waiting += 1;
      return inserted.then((succeeded) => {
        waiting -= 1;
        if (!succeeded) throw notInserted();
        return journal.append(events);
      });
    },
  };
}

export function notInserted(): WeftError {
  return new WeftError(
    'NOT_INSERTED',
    'The execution could not be inserted; whoever started it has the error.',
  );
}
