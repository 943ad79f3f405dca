import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { useLocation } from 'wouter';
import { useStartExecution } from '../../../data/executions.ts';
import { useCreateWorkflow } from '../../../data/workflows.ts';
import { packagesOf, type WorkflowTemplate } from '../../../editor/templates/template.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Callout, SkeletonRows } from '../../../ui/feedback.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { loadTemplates } from '../../templates.ts';
import './templates.css';

/** All templates as cards, each with its description and size; `Run` makes the workflow, starts it and shows the run. */
export function Templates(): ReactElement {
  const { data, error } = useQuery({
    queryKey: ['templates'],
    queryFn: loadTemplates,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const use = useTemplate();
  if (error)
    return (
      <Callout tone="failure" title="Could not load the templates">
        {error.message}
      </Callout>
    );
  if (data === undefined) return <SkeletonRows count={3} />;
  return (
    <>
      {use.error && (
        <Callout tone="failure" title="Could not make a workflow of this template">
          {use.error.message}
        </Callout>
      )}
      <ul className="weft-templates">
        {data.map((template) => (
          <li key={template.id} className="weft-template">
            <h3>{template.name}</h3>
            <p>
              {template.description}
              <FirstRun packages={packagesOf(template)} />
            </p>
            <div className="weft-template__actions">
              <span className="weft-muted">{template.workflow.nodes.length} nodes</span>
              <Button
                size="small"
                variant="ghost"
                icon="edit"
                aria-label={`Open ${template.name} in the editor`}
                onClick={() => use.open(template)}
              >
                Open
              </Button>
              <Button
                size="small"
                variant="primary"
                icon="play"
                aria-label={`Run ${template.name}`}
                isBusy={use.busyWith === template.id}
                onClick={() => use.run(template)}
              >
                Run
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

/** A first run that takes longer than the next ones is no surprise. */
function FirstRun({ packages }: { packages: readonly string[] }): ReactElement | null {
  if (packages.length === 0) return null;
  return (
    <span className="weft-template__packages">
      <Icon name="box" size={14} /> The first run installs {new Intl.ListFormat('en').format(packages)}.
    </span>
  );
}

export function TemplatesDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }): ReactElement {
  return (
    <Dialog title="New from a template" size="large" isOpen={isOpen} onClose={onClose}>
      <Templates />
    </Dialog>
  );
}

/** Whoever runs the workflow later finds the sample in its input. */
function withSample({ workflow, sampleInput }: WorkflowTemplate): WorkflowTemplate['workflow'] {
  return { ...workflow, inputSchema: { ...(workflow.inputSchema as object), examples: [sampleInput] } };
}

function useTemplate() {
  const create = useCreateWorkflow();
  const start = useStartExecution();
  const [, navigate] = useLocation();
  const [busyWith, setBusyWith] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const make = async (
    template: WorkflowTemplate,
    thenGoTo: (workflowId: string) => Promise<string> | string,
  ) => {
    if (busyWith !== null) return;
    setBusyWith(template.id);
    setError(null);
    try {
      const { id } = await create.mutateAsync(withSample(template));
      navigate(await thenGoTo(id));
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setBusyWith(null);
    }
  };
  return {
    busyWith,
    error,
    open: (template: WorkflowTemplate) => void make(template, (id) => `/workflows/${id}`),
    run: (template: WorkflowTemplate) =>
      void make(template, async (workflowId) => {
        const run = await start.mutateAsync({ workflowId, input: template.sampleInput });
        return `/runs/${run.id}`;
      }),
  };
}
