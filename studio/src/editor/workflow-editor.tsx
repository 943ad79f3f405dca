import type { NodeDefinition, Workflow } from '@weft/client';
import { useExecution } from '@weft/client/react';
import { lazy, type ReactElement, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { CanvasChange, CanvasView } from '../canvas/types.ts';
import { WorkflowCanvas } from '../canvas/workflow-canvas.tsx';
import { PythonPolicyContext } from '../data/python.ts';
import { useNodeDefinitions } from '../data/server.ts';
import { useWorkflow } from '../data/workflows.ts';
import { exampleOf } from '../form/input/example.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Callout, EmptyState, SkeletonRows } from '../ui/feedback.tsx';
import { Splitter } from '../ui/splitter.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { useRemembered } from '../ui/use-remembered.ts';
import { EditorBars } from './bars.tsx';
import { adding, applyChange, groupOf, layoutOf, placeOfNext, withPlaces } from './edits.ts';
import { goToLine } from './go-to-line.ts';
import { useLastRun } from './last-run.ts';
import { LeaveWarning } from './leave-warning.tsx';
import { toDocument, type WorkflowDocument } from './model/document.ts';
import { type Finding, toCanvasProblems } from './model/findings.ts';
import { type Definitions, moveNodes } from './model/operations.ts';
import { NodeMenu } from './node-menu.tsx';
import { Palette, QuickAdd } from './palette.tsx';
import { usePins } from './pins.ts';
import { ProblemsList } from './problems-list.tsx';
import { RunPanel } from './run-panel.tsx';
import { ShortcutsDialog } from './shortcuts-dialog.tsx';
import { Toolbar } from './toolbar.tsx';
import { useEditor, useFindings } from './use-editor.ts';
import { useEditorKeys } from './use-editor-keys.ts';
import { useRunStart } from './use-run-start.ts';
import { useSaving } from './use-saving.ts';
import { ConflictDialog, VersionsDialog } from './versions.tsx';
import { WorkflowPanel } from './workflow-panel.tsx';
import './workflow-editor.css';

export interface WorkflowEditorProps {
  workflowId: string;
  /** The node to open first, and the line of its code. */
  nodeKey?: string | undefined;
  line?: number | undefined;
  /** The address of a run's own page, where there is one. */
  runHref?: ((runId: string) => string) | undefined;
  /** What to do where the workflow was deleted under the editor: the document can become a new one. */
  onSaveAsNew?: ((document: WorkflowDocument) => void) | undefined;
}

/** The editor of a workflow: canvas, forms, runs and versions. It fills its container, which has a height. */
export function WorkflowEditor(props: WorkflowEditorProps): ReactElement {
  const workflow = useWorkflow(props.workflowId);
  const definitions = useNodeDefinitions();
  const error = workflow.error ?? definitions.error;
  if (workflow.data === null)
    return (
      <EmptyState icon="workflow" title="There is no such workflow">
        It was deleted, or its address is wrong.
      </EmptyState>
    );
  if (workflow.data && definitions.data)
    return (
      <OpenEditor key={workflow.data.id} {...props} workflow={workflow.data} definitions={definitions.data} />
    );
  if (error)
    return (
      <Callout
        tone="failure"
        title="Could not read the workflow"
        actions={
          <Button
            size="small"
            icon="refresh"
            onClick={() => void Promise.all([workflow.refetch(), definitions.refetch()])}
          >
            Try again
          </Button>
        }
      >
        {error.message}
      </Callout>
    );
  return <SkeletonRows />;
}

/** The forms of nodes bring a form library and a code editor: they come when the first node is chosen. */
const NodePanel = lazy(() => import('./node-panel.tsx'));

type Panel = 'form' | 'run' | 'problems';

interface OpenEditorProps extends WorkflowEditorProps {
  workflow: Workflow;
  definitions: readonly NodeDefinition[];
}

function OpenEditor(props: OpenEditorProps): ReactElement {
  const { workflow, definitions, runHref, onSaveAsNew } = props;
  const types: Definitions = useMemo(
    () => new Map(definitions.map((each) => [each.type, each])),
    [definitions],
  );
  const editor = useEditor(workflow, types);
  const { state, edit, select } = editor;
  const { document, selected } = state;
  const findings = useFindings(document);
  const problems = useMemo(() => toCanvasProblems(findings), [findings]);
  const view = useRef<CanvasView>(null);
  const panel = useRef<HTMLElement>(null);
  const [shown, setShown] = useState<Panel>('form');
  const [isPanelOpen, setIsPanelOpen] = useRemembered('editor.panel', true);
  const show = useCallback(
    (next: Panel) => {
      setShown(next);
      setIsPanelOpen(true);
    },
    [setIsPanelOpen],
  );
  const [dialog, setDialog] = useState<'add' | 'versions' | 'shortcuts' | null>(null);
  const [runId, setRunId] = useState<string | null>(null);
  const [runInput, setRunInput] = useState<unknown>(() => exampleOf(document.inputSchema));
  const run = useExecution(runId);
  const saving = useSaving(editor);
  const node = document.nodes.find(({ key }) => key === selected.nodes[0] && selected.nodes.length === 1);
  const endedRunId = run.finishedAt === null ? null : runId;
  const last = useLastRun(workflow.id, endedRunId, node !== undefined);
  const lastRun = last.data ?? undefined;

  const pins = usePins(workflow.id);
  const runStart = useRunStart({
    ...{ workflowId: workflow.id, editor, pins, lastRun, input: runInput, onSave: saving.save },
    onStarted: (id) => {
      setRunId(id);
      show('run');
    },
  });

  const openNode = useCallback(
    (key: string, line?: number) => {
      select({ nodes: [key], edges: [] });
      show('form');
      requestAnimationFrame(() => {
        view.current?.reveal(key);
        if (line === undefined) focusFirst(panel.current);
        else if (panel.current) void goToLine(panel.current, line).catch(() => {}); // The node is open all the same.
      });
    },
    [select, show],
  );
  useOpenFirst(props, openNode);

  const onChange = useCallback(
    (change: CanvasChange) => {
      if (change.kind !== 'add') return edit((before) => applyChange(before, change), groupOf(change));
      const definition = types.get(change.type);
      if (definition) edit(...adding(document, definition, change.position));
    },
    [edit, types, document],
  );
  const onAdd = (type: string) => {
    const definition = types.get(type);
    if (definition === undefined) return;
    const center = view.current?.center() ?? { x: 0, y: 0 };
    const { position, after } = placeOfNext(document, selected.nodes.at(-1), center);
    const [change, options] = adding(document, definition, position, after);
    edit(change, options);
    const added = options.select?.nodes[0];
    requestAnimationFrame(() => {
      view.current?.focus();
      if (added !== undefined) view.current?.reveal(added);
    });
  };
  const layOut = () => edit((before) => moveNodes(before, layoutOf(before, types)));
  const openFinding = ({ nodeKey }: Finding) => {
    if (nodeKey !== null) openNode(nodeKey);
    else {
      select({ nodes: [], edges: [] });
      show('form');
    }
  };
  const root = useEditorKeys({
    editor,
    types,
    view,
    onAdd: () => setDialog('add'),
    onSave: () => void saving.save(),
    onRun: () => show('run'),
    onLayOut: layOut,
    onShortcuts: () => setDialog('shortcuts'),
    isDialogOpen: dialog !== null || saving.conflict !== null,
  });
  const errorCount = findings.filter(({ severity }) => severity === 'error').length;

  return (
    <div ref={root} className="weft-editor">
      <Toolbar
        editor={editor}
        onSave={() => void saving.save()}
        onRun={() => show('run')}
        onLayOut={layOut}
        onVersions={() => setDialog('versions')}
        onShortcuts={() => setDialog('shortcuts')}
        onAdd={() => setDialog('add')}
      />
      <EditorBars
        editor={editor}
        latestVersion={workflow.latestVersion}
        definitions={definitions}
        problem={saving.problem}
        onCompare={saving.compare}
        onSave={() => void saving.save()}
        onSaveAsNew={onSaveAsNew && (() => onSaveAsNew(document))}
      />
      <div className="weft-editor__body">
        <Palette definitions={definitions} onAdd={onAdd} />
        <Splitter
          label="Size of the panel"
          direction="row"
          initialSize={380}
          minSize={280}
          maxSize={900}
          isCollapsed={!isPanelOpen}
        >
          <WorkflowCanvas
            ref={view}
            workflow={document}
            definitions={definitions}
            states={runId === null ? undefined : run.nodes}
            problems={problems}
            pinned={pins.keys}
            selected={selected}
            onSelect={select}
            onChange={onChange}
            onOpen={openNode}
            label={`Workflow ${document.name}`}
          />
          <aside ref={panel} className="weft-editor__panel" aria-label="Panel">
            <Tabs<Panel>
              label="Panel"
              selected={shown}
              onSelect={setShown}
              actions={
                <>
                  {node && shown === 'form' && (
                    <NodeMenu
                      node={node}
                      lastRun={lastRun}
                      pins={pins}
                      run={runStart}
                      isReady={!last.isPending}
                    />
                  )}
                  <IconButton
                    icon="panelRight"
                    label="Hide the panel"
                    size="small"
                    onClick={() => setIsPanelOpen(false)}
                  />
                </>
              }
              tabs={[
                { id: 'form', label: node ? 'Node' : 'Workflow' },
                { id: 'run', label: 'Run' },
                {
                  id: 'problems',
                  label: findings.length === 0 ? 'Problems' : `Problems (${findings.length})`,
                },
              ]}
            >
              <PythonPolicyContext.Provider value={document.pythonPolicy}>
                {shown === 'problems' ? (
                  <ProblemsList findings={findings} onOpen={openFinding} />
                ) : shown === 'run' ? (
                  <RunPanel
                    editor={editor}
                    runId={runId}
                    run={run}
                    start={runStart}
                    pins={pins}
                    node={node}
                    lastRun={lastRun}
                    runHref={runHref}
                    input={runInput}
                    onInput={setRunInput}
                  />
                ) : node ? (
                  <Suspense fallback={<SkeletonRows />}>
                    <NodePanel
                      editor={editor}
                      node={node}
                      definitions={types}
                      findings={findings}
                      lastRun={lastRun}
                    />
                  </Suspense>
                ) : selected.nodes.length > 1 ? (
                  <p className="weft-editor__fine">{selected.nodes.length} nodes are chosen.</p>
                ) : (
                  <WorkflowPanel workflow={workflow} editor={editor} findings={findings} />
                )}
              </PythonPolicyContext.Provider>
            </Tabs>
          </aside>
        </Splitter>
        {!isPanelOpen && (
          <div className="weft-editor__closed-panel">
            <IconButton
              icon="panelRight"
              label="Show the panel"
              size="small"
              onClick={() => setIsPanelOpen(true)}
            />
          </div>
        )}
      </div>
      <p className="weft-hidden" aria-live="polite">
        {errorCount === 0 ? '' : `${errorCount} errors in the workflow`}
      </p>
      <QuickAdd
        definitions={definitions}
        isOpen={dialog === 'add'}
        onClose={() => setDialog(null)}
        onAdd={onAdd}
      />
      <ShortcutsDialog isOpen={dialog === 'shortcuts'} onClose={() => setDialog(null)} />
      <VersionsDialog
        workflowId={workflow.id}
        document={document}
        definitions={definitions}
        isOpen={dialog === 'versions'}
        onClose={() => setDialog(null)}
        onRestore={(version) => edit(() => withPlaces(toDocument(version), types))}
      />
      <ConflictDialog
        theirs={saving.conflict}
        document={document}
        definitions={definitions}
        onClose={saving.closeConflict}
        onOverwrite={(theirs) => void saving.save(theirs)}
        onTake={(theirs) => {
          editor.take(theirs);
          saving.closeConflict();
        }}
      />
      <LeaveWarning isDirty={editor.isDirty} />
    </div>
  );
}

/** The node that the address names, when it names another one. */
function useOpenFirst(
  { nodeKey, line }: WorkflowEditorProps,
  openNode: (key: string, line?: number) => void,
): void {
  useEffect(() => {
    if (nodeKey !== undefined) openNode(nodeKey, line);
  }, [nodeKey, line, openNode]);
}

function focusFirst(panel: HTMLElement | null): void {
  panel
    ?.querySelector<HTMLElement>(
      '[role=tabpanel] :is(input, textarea, select, button, [contenteditable=true])',
    )
    ?.focus();
}
