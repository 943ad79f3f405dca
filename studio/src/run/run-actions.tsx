import { useMutation } from '@tanstack/react-query';
import { type ExecutionDetails, type ExecutionRetryStrategy, WeftInputError } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { type ReactElement, useState } from 'react';
import { useStartExecution } from '../data/executions.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, TextArea } from '../ui/field.tsx';
import { Menu } from '../ui/menu.tsx';
import { useToast } from '../ui/toast.tsx';
import type { RunModel } from './model/run-model.ts';
import { TargetLink, useNavigation } from './navigation.tsx';
import { useRunInput } from './run-queries.ts';

export interface RunActionsProps {
  executionId: string;
  run: RunModel;
  details: ExecutionDetails | undefined;
}

/** What can be done with the run: cancel it while it runs, run it again once it has ended. */
export function RunActions({ executionId, run, details }: RunActionsProps): ReactElement | null {
  const cancel = useCancelRun();
  const retry = useRetryRun();
  const [isAsking, setIsAsking] = useState(false);
  if (run.end === null) {
    return run.sequence === 0 ? null : (
      <Button icon="stop" isBusy={cancel.isPending} onClick={() => cancel.mutate({ executionId })}>
        Cancel
      </Button>
    );
  }
  const hasFailed = run.end.status !== 'SUCCEEDED';
  const retryWith = (strategy: ExecutionRetryStrategy) => retry.mutate({ executionId, strategy });
  const workflow = details?.workflow;
  return (
    <>
      {hasFailed && (
        <Button
          variant="primary"
          icon="retry"
          isBusy={retry.isPending}
          onClick={() => retryWith('FROM_FAILURE')}
        >
          Retry from failure
        </Button>
      )}
      <Menu
        label="Run again"
        icon="play"
        items={[
          { label: 'With the same input', icon: 'retry', onSelect: () => retryWith('ALL_NODES') },
          {
            label: 'With other input …',
            icon: 'edit',
            isDisabled: workflow == null,
            onSelect: () => setIsAsking(true),
          },
        ]}
      />
      {workflow != null && details?.version != null && (
        <RunAgainDialog
          executionId={executionId}
          workflowId={workflow.id}
          versionNumber={details.version.number}
          isOpen={isAsking}
          onClose={() => setIsAsking(false)}
        />
      )}
    </>
  );
}

interface RunAgainProps {
  executionId: string;
  workflowId: string;
  versionNumber: number;
  isOpen: boolean;
  onClose: () => void;
}

function RunAgainDialog({
  executionId,
  workflowId,
  versionNumber,
  isOpen,
  onClose,
}: RunAgainProps): ReactElement {
  const former = useRunInput(executionId, isOpen);
  const start = useStartExecution();
  const opened = useOpened();
  const [edited, setEdited] = useState<string | null>(null);
  const text = edited ?? (former.data ? JSON.stringify(former.data.value, null, 2) : '');
  const parsed = parse(text);
  const submit = () =>
    'value' in parsed &&
    start.mutate(
      { workflowId, versionNumber, input: parsed.value },
      {
        onSuccess: ({ id }) => {
          onClose();
          opened(id, 'Started again.');
        },
      },
    );
  const problem = 'problem' in parsed && former.data ? parsed.problem : describe(start.error ?? former.error);
  return (
    <Dialog
      title="Run again with other input"
      isOpen={isOpen}
      onClose={onClose}
      actions={
        <Button
          variant="primary"
          icon="play"
          isBusy={start.isPending || former.isLoading}
          disabled={'problem' in parsed}
          onClick={submit}
        >
          Run version {versionNumber}
        </Button>
      }
    >
      <Field label="Input" description="JSON; this is what the run had" error={problem}>
        {(control) => (
          <TextArea
            {...control}
            className="weft-mono"
            rows={12}
            spellCheck={false}
            value={text}
            onChange={(event) => setEdited(event.target.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}

/** Leads to a run that was just made, or offers the way there. */
function useOpened(): (executionId: string, text: string) => void {
  const toast = useToast();
  const { onNavigate } = useNavigation();
  return (executionId, text) => {
    const target = { kind: 'run', executionId } as const;
    if (onNavigate) onNavigate(target);
    toast({
      tone: 'success',
      text,
      action: onNavigate ? undefined : <TargetLink target={target}>Watch</TargetLink>,
    });
  };
}

export function useCancelRun() {
  const client = useWeft();
  const toast = useToast();
  return useMutation({
    mutationFn: ({ executionId }: { executionId: string }) => client.executions.run(executionId).cancel(),
    onError: (error) => toast({ tone: 'failure', text: describe(error) ?? '' }),
  });
}

export function useRetryRun() {
  const client = useWeft();
  const toast = useToast();
  const opened = useOpened();
  return useMutation({
    mutationFn: ({ executionId, strategy }: { executionId: string; strategy: ExecutionRetryStrategy }) =>
      client.executions.run(executionId).retry(strategy),
    onSuccess: ({ id }) => opened(id, 'Started again.'),
    onError: (error) => toast({ tone: 'failure', text: describe(error) ?? '' }),
  });
}

function parse(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

function describe(error: Error | null): string | undefined {
  if (error instanceof WeftInputError) return error.userErrors.map(({ message }) => message).join(' ');
  return error?.message;
}
