import { makeParkedStates } from '../../../../server/engine/parked-states.ts';
import type { ResumeDeps } from '../../../../server/engine/resume-execution.ts';
import type { WorkerOptions } from '../../../../server/engine/worker.ts';
import { makeLogger } from '../../../../server/shared/logger.ts';
import { HandClock } from './hand-clock.ts';
import { HandJournal } from './hand-journal.ts';
import { HandNodes } from './hand-nodes.ts';

/** The engine with everything around it in the hands of the test. */
export interface HandEngine {
  clock: HandClock;
  journal: HandJournal;
  nodes: HandNodes;
  deps: Omit<ResumeDeps, 'draining' | 'limits'> & { limits: WorkerOptions['limits'] };
}

export function makeHandEngine(
  given: Partial<Pick<HandEngine, 'clock' | 'journal' | 'nodes'>> = {},
): HandEngine {
  const clock = given.clock ?? new HandClock();
  const journal = given.journal ?? new HandJournal(clock);
  const nodes = given.nodes ?? new HandNodes();
  const notHere = () => Promise.reject(new Error('Not in these tests.'));
  return {
    clock,
    journal,
    nodes,
    deps: {
      store: journal,
      secretsOf: () => ({ open: notHere }),
      family: { ended: async () => {} },
      limits: { release: async () => {}, advanceDue: async () => {} },
      appender: journal,
      registry: nodes.registry,
      sandbox: null as unknown as ResumeDeps['sandbox'],
      // Of any length, so that all tests go on from what is kept.
      parked: makeParkedStates(clock, 0),
      expressions: { evaluate: notHere, evaluateAll: async () => [] },
      evaluator: { findSchemaErrors: async () => [] } as unknown as ResumeDeps['evaluator'],
      traces: null,
      judgeViolations: async () => null,
      auditLate: async () => {},
      clock,
      logger: makeLogger('silent'),
    },
  };
}
