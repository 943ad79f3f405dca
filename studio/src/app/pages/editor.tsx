import type { ReactElement } from 'react';
import { useEffect } from 'react';
import { useLocation, useParams, useSearchParams } from 'wouter';
import { useCreateWorkflow, useWorkflow } from '../../data/workflows.ts';
import { toInput, type WorkflowDocument } from '../../editor/model/document.ts';
import { WorkflowEditor } from '../../editor/workflow-editor.tsx';
import { useToast } from '../../ui/toast.tsx';

/** `?node=KEY&line=N` opens a node, with the cursor at a line of its code. */
export default function EditorPage(): ReactElement {
  const { id = '' } = useParams();
  const [params] = useSearchParams();
  const name = useWorkflow(id).data?.name;
  const create = useCreateWorkflow();
  const toast = useToast();
  const [, navigate] = useLocation();
  useEffect(() => {
    document.title = `${name ?? 'Workflow'} · Weft`;
  }, [name]);
  const saveAsNew = (unsaved: WorkflowDocument) =>
    create.mutate(toInput(unsaved), {
      onSuccess: (workflow) => navigate(`/workflows/${workflow.id}`),
      onError: ({ message }) => toast({ tone: 'failure', text: message }),
    });
  const line = Number(params.get('line'));
  return (
    <WorkflowEditor
      workflowId={id}
      nodeKey={params.get('node') ?? undefined}
      line={Number.isInteger(line) && line > 0 ? line : undefined}
      runHref={runHref}
      onSaveAsNew={saveAsNew}
    />
  );
}

function runHref(runId: string): string {
  return `/runs/${runId}`;
}
