import type { WorkflowVersion } from '@weft/client';
import { useState } from 'react';
import { useToast } from '../ui/toast.tsx';
import type { Editor, SaveOutcome } from './use-editor.ts';

export type SaveProblem = Extract<SaveOutcome, { kind: 'unreachable' | 'deleted' }>;

export interface Saving {
  /** Whether it is saved. */
  save(over?: WorkflowVersion): Promise<boolean>;
  /** The version of somebody else that stands in the way. */
  conflict: WorkflowVersion | null;
  compare(theirs: WorkflowVersion): void;
  closeConflict(): void;
  /** Why what is unsaved cannot be saved now. */
  problem: SaveProblem | null;
}

/** Saves, and says what came of it. */
export function useSaving(editor: Editor): Saving {
  const toast = useToast();
  const [conflict, setConflict] = useState<WorkflowVersion | null>(null);
  const [problem, setProblem] = useState<SaveProblem | null>(null);
  return {
    conflict,
    compare: setConflict,
    closeConflict: () => setConflict(null),
    problem,
    async save(over) {
      if (!editor.isDirty && over === undefined) return true;
      const outcome = await editor.save(over);
      setProblem(outcome.kind === 'unreachable' || outcome.kind === 'deleted' ? outcome : null);
      setConflict(outcome.kind === 'conflict' ? outcome.theirs : null);
      switch (outcome.kind) {
        case 'saved':
          toast({ tone: 'success', text: `Saved as version ${outcome.version}.` });
          break;
        case 'invalid':
          toast({
            tone: 'failure',
            text: `Not saved: ${outcome.errors.length === 1 ? outcome.errors[0]!.message : `${outcome.errors.length} problems have to be put right first.`}`,
          });
          break;
        case 'failed':
          toast({ tone: 'failure', text: `Not saved: ${outcome.message}` });
          break;
        default: // A bar or a dialog says it.
      }
      return outcome.kind === 'saved';
    },
  };
}
