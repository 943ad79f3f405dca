import { type ReactElement, useState } from 'react';
import { useLocation } from 'wouter';
import { messageOf, useStartExecution } from '../data/executions.ts';
import { RunDialog } from '../form/input/run-dialog.tsx';
import { Button, type ButtonProps } from '../ui/button.tsx';
import { useToast } from '../ui/toast.tsx';
import { pathOf } from './paths.ts';

export interface RunButtonProps extends Pick<ButtonProps, 'size' | 'variant'> {
  workflowId: string;
  name: string;
  /** Where there is one, the input is typed before the run. */
  inputSchema: unknown;
}

/** Starts a workflow and leads to the run: at once where any input will do, else with an input that is typed first. */
export function RunButton({ workflowId, name, inputSchema, ...button }: RunButtonProps): ReactElement {
  const { start, run } = useRun(workflowId);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button
        icon="play"
        aria-label={`Run ${name}`}
        isBusy={start.isPending}
        onClick={() => (inputSchema == null ? run(null) : setIsOpen(true))}
        {...button}
      >
        Run
      </Button>
      {isOpen && (
        <RunWithInput
          workflowId={workflowId}
          name={name}
          inputSchema={inputSchema}
          onClose={() => setIsOpen(false)}
        />
      )}
    </>
  );
}

export interface RunWithInputProps {
  workflowId: string;
  name: string;
  inputSchema: unknown;
  onClose: () => void;
}

/** A dialog for the input of a run. */
export function RunWithInput({ workflowId, name, inputSchema, onClose }: RunWithInputProps): ReactElement {
  const { start, run } = useRun(workflowId, onClose);
  return (
    <RunDialog
      title={`Run ${name}`}
      schema={inputSchema}
      isBusy={start.isPending}
      error={start.error}
      onClose={onClose}
      onRun={run}
    />
  );
}

/** @param onStarted where there is one, what goes wrong is shown by a dialog that is open */
function useRun(workflowId: string, onStarted?: () => void) {
  const start = useStartExecution();
  const toast = useToast();
  const [, navigate] = useLocation();
  const run = (input: unknown) =>
    start.mutate(
      { workflowId, input },
      {
        onSuccess: ({ id }) => {
          onStarted?.();
          navigate(pathOf({ kind: 'run', executionId: id }));
        },
        onError: (error) => {
          if (!onStarted) toast({ tone: 'failure', text: messageOf(error) });
        },
      },
    );
  return { start, run };
}
