import type { JournalWriter } from '../journal/append.ts';
import type { NodeRef } from '../journal/event.ts';
import type { Logger } from '../shared/logger.ts';
import type { Severity } from '../shared/severity.ts';

export interface ViolationWatchDeps {
  journal: JournalWriter;
  /** Called after violations are committed; resolves with an alert where they are too many. */
  judgeViolations: (executionId: string, severities: readonly Severity[]) => Promise<SecurityAlert | null>;
  execution: { id: string };
  logger: Logger;
}

/** More violations within a time than an operator allows. */
export interface SecurityAlert {
  violations: number;
  windowSeconds: number;
}

/**
 * Judges the violations of one attempt for alerts, without holding the attempt up: those that come while a judgement is
 * under way share the next one.
 */
export interface ViolationWatch {
  /** @param committed the commit of the violation's event */
  add(severity: Severity, committed: Promise<void>): void;
  /** Resolves when all violations so far are judged. Never rejects. */
  settled(): Promise<void>;
}

export function watchViolations(deps: ViolationWatchDeps, ref: NodeRef): ViolationWatch {
  let judging: Promise<void> | null = null;
  let waiting: { severity: Severity; committed: Promise<void> }[] = [];

  /** A failure must not hide the violations themselves, which are committed. Never rejects. */
  async function judge(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await Promise.all(batch.map(({ committed }) => committed));
        const alert = await deps.judgeViolations(
          deps.execution.id,
          batch.map(({ severity }) => severity),
        );
        if (alert !== null) await deps.journal.append([{ type: 'SecurityAlert', ...ref, ...alert }]);
      } catch (error) {
        deps.logger.warn({ err: error, executionId: deps.execution.id }, 'judging violations failed');
      }
    }
    judging = null;
  }

  return {
    add(severity, committed) {
      waiting.push({ severity, committed });
      judging ??= judge();
    },
    settled: () => judging ?? Promise.resolve(),
  };
}
