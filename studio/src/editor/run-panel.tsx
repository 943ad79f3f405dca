import type { Execution, WorkflowNodeInput } from '@weft/client';
import { type ExecutionView, useNodeOutput, useWeft } from '@weft/client/react';
import { type ReactElement, useState } from 'react';
import { nodeName, nodeNames } from '../data/node-name.ts';
import { usePythonCheck } from '../data/python.ts';
import { FileLinks } from '../files/file-links.tsx';
import { exampleOf } from '../form/input/example.ts';
import { InputForm } from '../form/input/input-form.tsx';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/feedback.tsx';
import { Icon } from '../ui/icon.tsx';
import { StatusBadge } from '../ui/status-badge.tsx';
import { Duration } from '../ui/time.tsx';
import { inputOf, type LastRun } from './last-run.ts';
import type { Pins } from './pins.ts';
import type { Editor } from './use-editor.ts';
import type { RunStart } from './use-run-start.ts';

export interface RunPanelProps {
  editor: Editor;
  /** The run that is shown, if there was one. */
  runId: string | null;
  run: ExecutionView;
  start: RunStart;
  pins: Pins;
  node: WorkflowNodeInput | undefined;
  lastRun: LastRun | undefined;
  runHref: ((runId: string) => string) | undefined;
  input: unknown;
  onInput: (input: unknown) => void;
}

/** Runs the workflow from within its editor, and shows what the chosen node prints and gives. */
export function RunPanel(props: RunPanelProps): ReactElement {
  const { editor, runId, run, node, runHref, input, onInput, pins } = props;
  const { start, isStarting, error } = props.start;
  const [isValid, setIsValid] = useState(true);
  const isRunning = runId !== null && run.finishedAt === null && run.problem === null;
  const nameOf = nodeNames(editor.state.document.nodes);
  return (
    <div className="weft-editor__run">
      <InputForm
        schema={editor.state.document.inputSchema}
        value={input}
        onChange={onInput}
        onValidity={setIsValid}
        error={error}
        rows={5}
      />
      <Button variant="primary" icon="play" isBusy={isStarting} disabled={!isValid} onClick={() => start()}>
        {editor.isDirty ? 'Save and run' : 'Run'}
      </Button>
      <PinnedNodes pins={pins} nameOf={nameOf} />
      {runId !== null && (
        <section aria-label="Run" className="weft-editor__run-state">
          <p>
            <StatusBadge status={run.status ?? 'QUEUED'} />
            {run.startedAt && <Duration from={run.startedAt} until={run.finishedAt} />}
            {isRunning && <CancelButton runId={runId} />}
            {runHref && (
              <a href={runHref(runId)} className="weft-editor__run-link">
                Open the run <Icon name="arrowRight" size={13} />
              </a>
            )}
          </p>
          {run.problem && <Callout tone="failure" title={run.problem.message} />}
          {run.error && (
            <Callout
              tone="failure"
              title={run.error.nodeKey ? `${nameOf(run.error.nodeKey)} failed` : 'The run failed'}
            >
              {run.error.message}
            </Callout>
          )}
          {run.status === 'SUCCEEDED' && <Value label="Output" value={run.output} />}
        </section>
      )}
      {node && runId !== null && <NodeOutput runId={runId} nodeKey={node.key} name={nodeName(node)} />}
      {node?.type === 'python' && <RunAlone {...props} node={node} />}
    </div>
  );
}

function PinnedNodes({ pins, nameOf }: { pins: Pins; nameOf: (key: string) => string }): ReactElement | null {
  if (pins.all.length === 0) return null;
  return (
    <p className="weft-muted">
      <Icon name="pin" size={13} /> Pinned: {pins.all.map(({ nodeKey }) => nameOf(nodeKey)).join(', ')}.{' '}
      <button type="button" className="weft-link" onClick={pins.clear}>
        Unpin all
      </button>
    </p>
  );
}

function CancelButton({ runId }: { runId: string }): ReactElement {
  const client = useWeft();
  const [isBusy, setIsBusy] = useState(false);
  const cancel = () => {
    setIsBusy(true);
    // That it has ended already is seen by its events.
    const done = () => setIsBusy(false);
    client.executions.run<Execution>(runId).cancel().then(done, done);
  };
  return (
    <Button size="small" icon="stop" isBusy={isBusy} onClick={cancel}>
      Cancel
    </Button>
  );
}

function NodeOutput({
  runId,
  nodeKey,
  name,
}: {
  runId: string;
  nodeKey: string;
  name: string;
}): ReactElement {
  const node = useNodeOutput(runId, nodeKey);
  const { progress, stdout, stderr, error, status } = node;
  return (
    <section aria-label={`Output of ${name}`} className="weft-editor__node-output">
      <h3>
        {name} <StatusBadge status={status} />
      </h3>
      {progress && (
        <p className="weft-muted">
          <progress aria-label="Progress" value={progress.current} max={progress.total ?? undefined} />{' '}
          {progress.current}
          {progress.total !== null && ` / ${progress.total}`} {progress.message}
        </p>
      )}
      {error && <Callout tone="failure" title={error.message} />}
      {stdout && <Text label="Printed" text={stdout} />}
      {stderr && <Text label="stderr" text={stderr} />}
      {(status === 'SUCCEEDED' || status === 'REUSED') && <Value label="Result" value={node.output} />}
    </section>
  );
}

/**
 * Runs the code of one node on what arrived at it in the last run. Where the code is a `main`, its parameters are a form,
 * which begins with that input.
 */
function RunAlone({ editor, node, lastRun }: RunPanelProps & { node: WorkflowNodeInput }): ReactElement {
  const client = useWeft();
  const [outcome, setOutcome] = useState<Alone>({ kind: 'none' });
  const [edited, setEdited] = useState<{ value: unknown } | null>(null);
  const [isValid, setIsValid] = useState(true);
  const { code = '', ...config } = (node.config ?? {}) as PythonConfig;
  const schema = usePythonCheck(code)?.inputSchema ?? null;
  const arrived = lastRun && inputOf(editor.state.document, node.key, lastRun);
  const proposed = schema === null ? arrived : (arrived ?? exampleOf(schema));
  const input = schema !== null && edited ? edited.value : proposed;
  const start = () => {
    setOutcome({ kind: 'busy' });
    const policy = editor.state.document.pythonPolicy ?? null;
    const run = client.python.run({ code, ...config, policy, input: input ?? null });
    let printed = '';
    void (async () => {
      try {
        for await (const text of run.text()) printed += text;
        setOutcome({ kind: 'done', printed, result: await run.result() });
      } catch (error) {
        setOutcome({ kind: 'failed', printed, message: (error as Error).message });
      }
    })();
  };
  return (
    <section aria-label="This node alone" className="weft-editor__alone">
      {schema !== null && (
        <InputForm
          schema={schema}
          value={input}
          onChange={(value) => setEdited({ value })}
          onValidity={setIsValid}
          error={null}
          description={descriptionOf(schema)}
          rows={5}
        />
      )}
      <Button
        icon="play"
        size="small"
        isBusy={outcome.kind === 'busy'}
        disabled={schema !== null && !isValid}
        onClick={start}
      >
        Run this node alone
      </Button>
      <p className="weft-muted">{originOf(input, schema !== null && edited !== null, arrived)}</p>
      {'printed' in outcome && outcome.printed && <Text label="Printed" text={outcome.printed} />}
      {outcome.kind === 'failed' && <Callout tone="failure" title={outcome.message} />}
      {outcome.kind === 'done' && <Value label="Result" value={outcome.result} />}
    </section>
  );
}

function originOf(input: unknown, isEdited: boolean, arrived: unknown): string {
  if (isEdited) return 'On the input above.';
  if (arrived !== undefined) return 'On its input of the last run.';
  return input === undefined ? 'With no input: it has not run yet.' : 'On the defaults: it has not run yet.';
}

/** The docstring of `main`. */
function descriptionOf(schema: unknown): string | undefined {
  const { description } = schema as { description?: unknown };
  return typeof description === 'string' ? description : undefined;
}

type Alone =
  | { kind: 'none' | 'busy' }
  | { kind: 'done'; printed: string; result: unknown }
  | { kind: 'failed'; printed: string; message: string };

interface PythonConfig {
  code?: string;
  packages?: string[];
  timeoutMs?: number;
  memoryMb?: number;
  recursionLimit?: number;
}

function Value({ label, value }: { label: string; value: unknown }): ReactElement {
  return (
    <>
      <Text label={label} text={JSON.stringify(value, null, 2) ?? ''} />
      <FileLinks value={value} />
    </>
  );
}

/** The end of a text: what is longer is on the run's own page. */
function Text({ label, text }: { label: string; text: string }): ReactElement {
  const isCut = text.length > maxShown;
  return (
    <div className="weft-editor__text">
      <p className="weft-muted">
        {label}
        {isCut && ` (the last ${maxShown / 1_000} kB)`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled by keyboard */}
      <pre tabIndex={0}>{isCut ? text.slice(-maxShown) : text}</pre>
    </div>
  );
}

const maxShown = 20_000;
