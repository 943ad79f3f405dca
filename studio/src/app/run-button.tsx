import { WeftInputError } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { Link } from 'wouter';
import { useStartExecution } from '../data/executions.ts';
import { Button, type ButtonProps } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, TextArea } from '../ui/field.tsx';
import { useToast } from '../ui/toast.tsx';

export interface RunButtonProps extends Pick<ButtonProps, 'size' | 'variant'> {
  workflowId: string;
  name: string;
  /** Where there is one, the input is typed before the run. */
  inputSchema: unknown;
}

/** Starts a workflow: at once where any input will do, else with an input that is typed as JSON. */
export function RunButton({ workflowId, name, inputSchema, ...button }: RunButtonProps): ReactElement {
  const { start, run } = useRun(workflowId, name);
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
  const { start, run } = useRun(workflowId, name, onClose);
  return (
    <InputDialog
      name={name}
      schema={inputSchema}
      isBusy={start.isPending}
      error={start.error}
      onClose={onClose}
      onRun={run}
    />
  );
}

/** @param onStarted where there is one, what goes wrong is shown by a dialog that is open */
function useRun(workflowId: string, name: string, onStarted?: () => void) {
  const start = useStartExecution();
  const toast = useToast();
  const run = (input: unknown) =>
    start.mutate(
      { workflowId, input },
      {
        onSuccess: ({ id }) => {
          toast({
            tone: 'success',
            text: `Started “${name}”.`,
            action: <Link href={`/runs/${id}`}>Watch</Link>,
          });
          onStarted?.();
        },
        onError: ({ message }) => onStarted ?? toast({ tone: 'failure', text: message }),
      },
    );
  return { start, run };
}

interface InputDialogProps {
  name: string;
  schema: unknown;
  isBusy: boolean;
  error: Error | null;
  onClose: () => void;
  onRun: (input: unknown) => void;
}

function InputDialog({ name, schema, isBusy, error, onClose, onRun }: InputDialogProps): ReactElement {
  const [text, setText] = useState(() => JSON.stringify(exampleOf(schema), null, 2));
  const parsed = parse(text);
  return (
    <Dialog
      title={`Run ${name}`}
      isOpen
      onClose={onClose}
      actions={
        <Button
          variant="primary"
          icon="play"
          isBusy={isBusy}
          disabled={'problem' in parsed}
          onClick={() => 'value' in parsed && onRun(parsed.value)}
        >
          Run
        </Button>
      }
    >
      <Field label="Input" description="JSON" error={'problem' in parsed ? parsed.problem : describe(error)}>
        {(control) => (
          <TextArea
            {...control}
            className="weft-mono"
            rows={10}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
    </Dialog>
  );
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

/** Something to begin with: an example or a default where there is one, else an empty value of the type. */
function exampleOf(schema: unknown): unknown {
  const { default: value, examples, properties, type } = (schema ?? {}) as JsonSchema;
  if (value !== undefined) return value;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if (properties !== undefined || type === 'object')
    return Object.fromEntries(
      Object.entries(properties ?? {}).map(([key, property]) => [key, exampleOf(property)]),
    );
  return typeof type === 'string' ? (emptyValues[type] ?? null) : null;
}

const emptyValues: Record<string, unknown> = { array: [], boolean: false, integer: 0, number: 0, string: '' };

interface JsonSchema {
  default?: unknown;
  examples?: unknown;
  properties?: Record<string, unknown>;
  type?: unknown;
}
