import { WeftInputError, type WorkflowInput } from '@weft/client';
import { type ReactElement, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useCreateWorkflow } from '../../../data/workflows.ts';
import { Button } from '../../../ui/button.tsx';
import { withCode } from '../../../ui/code-text.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Menu } from '../../../ui/menu.tsx';
import { blankWorkflow } from './blank-workflow.ts';
import { readWorkflowFile } from './import-workflow.ts';
import { TemplatesDialog } from './templates.tsx';

/** The ways to a new workflow: blank, from a template, from a file. */
export function NewWorkflow(): ReactElement {
  const create = useCreateWorkflow();
  const [, navigate] = useLocation();
  const fileInput = useRef<HTMLInputElement>(null);
  const [isChoosing, setIsChoosing] = useState(false);
  const [fault, setFault] = useState<Fault | null>(null);

  const createFrom = async (title: string, read: () => WorkflowInput | Promise<WorkflowInput>) => {
    try {
      const { id } = await create.mutateAsync(await read());
      navigate(`/workflows/${id}`);
    } catch (error) {
      setFault({ title, messages: messagesOf(error) });
    }
  };
  const importFile = (file: File | undefined) => {
    if (file) void createFrom(`Could not import ${file.name}`, () => readWorkflowFile(file));
  };
  return (
    <>
      <Menu
        label="New workflow"
        variant="primary"
        icon="plus"
        items={[
          {
            label: 'Blank',
            icon: 'workflow',
            onSelect: () => void createFrom('Could not make a workflow', () => blankWorkflow),
          },
          { label: 'From a template …', icon: 'copy', onSelect: () => setIsChoosing(true) },
          { label: 'Import a file …', icon: 'upload', onSelect: () => fileInput.current?.click() },
        ]}
      />
      <input
        ref={fileInput}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label="A workflow as JSON"
        onChange={({ currentTarget }) => {
          importFile(currentTarget.files?.[0]);
          currentTarget.value = ''; // the same file can be chosen again
        }}
      />
      <TemplatesDialog isOpen={isChoosing} onClose={() => setIsChoosing(false)} />
      <Dialog
        title={fault?.title}
        size="small"
        isOpen={fault !== null}
        onClose={() => setFault(null)}
        actions={<Button onClick={() => setFault(null)}>Close</Button>}
      >
        <ul className="weft-workflows__faults">
          {fault?.messages.map((message) => (
            <li key={message}>{withCode(message)}</li>
          ))}
        </ul>
      </Dialog>
    </>
  );
}

interface Fault {
  title: string;
  messages: readonly string[];
}

function messagesOf(error: unknown): string[] {
  if (!(error instanceof WeftInputError)) return [(error as Error).message];
  return error.userErrors.map(({ field, message }) => (field ? `\`${field}\`: ${message}` : message));
}
