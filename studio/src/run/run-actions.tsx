import { useMutation } from '@tanstack/react-query';
import type { ExecutionDetails, ExecutionRetryStrategy, ExecutionRetryVersion } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { type ReactElement, useState } from 'react';
import { messageOf, useStartExecution } from '../data/executions.ts';
import { RunDialog } from '../form/input/run-dialog.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { useToast } from '../ui/toast.tsx';
import type { RunModel } from './model/records.ts';
import { TargetLink, useNavigation } from './navigation.tsx';
import { parkedFailure, ResumeActions } from './resume-actions.tsx';
import { RetryDialog } from './retry-dialog.tsx';
import { useRunInput } from './run-queries.ts';

export interface RunActionsProps {
  executionId: string;
  run: RunModel;
  details: ExecutionDetails | undefined;
}

/** What can be done with the run: cancel it while it runs, go on after a failure, run it again once it has ended. */
export function RunActions({ executionId, run, details }: RunActionsProps): ReactElement | null {
  const cancel = useCancelRun();
  const retry = useRetryRun();
  const [isAsking, setIsAsking] = useState(false);
  const [isPlanning, setIsPlanning] = useState(false);
  if (run.end === null) {
    return run.sequence === 0 ? null : (
      <>
        {parkedFailure(run) !== null && <ResumeActions executionId={executionId} />}
        <Button icon="stop" isBusy={cancel.isPending} onClick={() => cancel.mutate({ executionId })}>
          Cancel
        </Button>
      </>
    );
  }
  const hasFailed = run.end.status !== 'SUCCEEDED';
  const { error } = run.end;
  const isRefused = isRefusal(error);
  const retryWith = (strategy: ExecutionRetryStrategy) => retry.mutate({ executionId, strategy });
  const workflow = details?.workflow;
  return (
    <>
      {isRefused && workflow != null && error?.nodeKey != null && (
        <TargetLink
          className="weft-button weft-button--primary weft-button--medium"
          target={{
            kind: 'workflow',
            workflowId: workflow.id,
            nodeKey: error.nodeKey,
            line: error.line ?? undefined,
          }}
        >
          <Icon name="edit" />
          Edit the code
        </TargetLink>
      )}
      {hasFailed && (
        <Button
          variant={isRefused ? 'secondary' : 'primary'}
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
            label: 'What has changed, with the latest version …',
            icon: 'history',
            isDisabled: workflow == null,
            onSelect: () => setIsPlanning(true),
          },
          {
            label: 'With other input …',
            icon: 'edit',
            isDisabled: workflow == null,
            onSelect: () => setIsAsking(true),
          },
        ]}
      />
      {isPlanning && (
        <RetryDialog
          executionId={executionId}
          nameOf={(key) => details?.version?.nodes.find((node) => node.key === key)?.name ?? key}
          isBusy={retry.isPending}
          onClose={() => setIsPlanning(false)}
          onRetry={() =>
            retry.mutate(
              { executionId, strategy: 'FROM_FAILURE', version: 'LATEST' },
              { onSuccess: () => setIsPlanning(false) },
            )
          }
        />
      )}
      {isAsking && workflow != null && details?.version != null && (
        <RunAgainDialog
          executionId={executionId}
          workflowId={workflow.id}
          version={details.version}
          onClose={() => setIsAsking(false)}
        />
      )}
    </>
  );
}

/** Whether the code tried what is not allowed: the same code would be refused again. */
export function isRefusal(error: { code: string } | null | undefined): boolean {
  return error?.code === 'PYTHON_SECURITY_ERROR';
}

interface RunAgainProps {
  executionId: string;
  workflowId: string;
  version: NonNullable<ExecutionDetails['version']>;
  onClose: () => void;
}

function RunAgainDialog({ executionId, workflowId, version, onClose }: RunAgainProps): ReactElement {
  const former = useRunInput(executionId, true);
  const start = useStartExecution();
  const opened = useOpened();
  const run = (input: unknown) =>
    start.mutate(
      { workflowId, versionNumber: version.number, input },
      {
        onSuccess: ({ id }) => {
          onClose();
          opened(id, 'Started again.');
        },
      },
    );
  return (
    <RunDialog
      title="Run again with other input"
      description="This is what the run had."
      schema={version.inputSchema}
      initial={former.isError ? { value: undefined } : (former.data ?? null)}
      action={`Run version ${version.number}`}
      isBusy={start.isPending}
      error={start.error ?? former.error}
      onClose={onClose}
      onRun={run}
    />
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
    onError: (error) => toast({ tone: 'failure', text: messageOf(error) ?? '' }),
  });
}

interface Retry {
  executionId: string;
  strategy: ExecutionRetryStrategy;
  version?: ExecutionRetryVersion;
}

export function useRetryRun() {
  const client = useWeft();
  const toast = useToast();
  const opened = useOpened();
  return useMutation({
    mutationFn: ({ executionId, strategy, version }: Retry) =>
      client.executions.run(executionId).retry(strategy, { version }),
    onSuccess: ({ id }) => opened(id, 'Started again.'),
    onError: (error) => toast({ tone: 'failure', text: messageOf(error) ?? '' }),
  });
}
