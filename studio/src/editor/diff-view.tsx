import { json } from '@codemirror/lang-json';
import { python } from '@codemirror/lang-python';
import { defaultHighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { MergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import type { NodeDefinition } from '@weft/client';
import { type ReactElement, useEffect, useMemo, useRef, useState } from 'react';
import { type CanvasMark, emptySelection } from '../canvas/types.ts';
import { WorkflowCanvas } from '../canvas/workflow-canvas.tsx';
import { classNames } from '../ui/class-names.ts';
import { withPlaces } from './edits.ts';
import { diffDocuments, isSameWorkflow, type WorkflowDiff } from './model/diff.ts';
import type { DocumentNode, WorkflowDocument } from './model/document.ts';

export interface DiffViewProps {
  before: WorkflowDocument;
  after: WorkflowDocument;
  definitions: readonly NodeDefinition[];
}

/** Two versions side by side: both graphs with what differs marked, and code and configuration of each changed node. */
export default function DiffView({ definitions, ...versions }: DiffViewProps): ReactElement {
  const types = useMemo(() => new Map(definitions.map((each) => [each.type, each])), [definitions]);
  const before = useMemo(() => withPlaces(versions.before, types), [versions.before, types]);
  const after = useMemo(() => withPlaces(versions.after, types), [versions.after, types]);
  const diff = useMemo(() => diffDocuments(before, after), [before, after]);
  const [left, right] = useMemo(() => [marksOf(diff, 'before'), marksOf(diff, 'after')], [diff]);
  const [chosen, setChosen] = useState<string | null>(null);
  const key = chosen ?? diff.nodes[0]?.key ?? null;
  const change = diff.nodes.find((each) => each.key === key);
  const selected = key === null ? emptySelection : { nodes: [key], edges: [] };
  if (isSameWorkflow(diff)) return <p className="weft-diff__same">Both are the same.</p>;
  const canvas = {
    definitions,
    selected,
    onSelect: (next: { nodes: readonly string[] }) => setChosen(next.nodes.at(-1) ?? null),
  };
  return (
    <div className="weft-diff">
      <div className="weft-diff__graphs">
        <WorkflowCanvas {...canvas} workflow={before} marks={left} label="Before" showAll />
        <WorkflowCanvas {...canvas} workflow={after} marks={right} label="After" showAll />
      </div>
      <Summary diff={diff} chosen={key} onChoose={setChosen} />
      {change && (
        <Texts
          key={change.key}
          before={change.before}
          after={change.after}
          definition={definitions.find(({ type }) => type === (change.after ?? change.before)?.type)}
        />
      )}
    </div>
  );
}

function marksOf(diff: WorkflowDiff, side: 'before' | 'after'): Map<string, CanvasMark> {
  return new Map(diff.nodes.filter((each) => each[side] !== undefined).map(({ key, mark }) => [key, mark]));
}

function Summary({
  diff,
  chosen,
  onChoose,
}: {
  diff: WorkflowDiff;
  chosen: string | null;
  onChoose: (key: string) => void;
}): ReactElement {
  const { edges, settings, movedCount } = diff;
  const rest = [
    edges.added.length > 0 && `${edges.added.length} connections added`,
    edges.removed.length > 0 && `${edges.removed.length} connections removed`,
    settings.length > 0 && `changed: ${settings.map((setting) => names[setting]).join(', ')}`,
    movedCount > 0 && `${movedCount} nodes moved`,
  ].filter(Boolean);
  return (
    <div className="weft-diff__summary">
      {diff.nodes.map(({ key, mark }) => (
        <button
          key={key}
          type="button"
          aria-pressed={key === chosen}
          className={classNames('weft-diff__node', `weft-diff__node--${mark}`)}
          onClick={() => onChoose(key)}
        >
          <code>{key}</code> {mark}
        </button>
      ))}
      {rest.length > 0 && <span className="weft-muted">{rest.join(' · ')}</span>}
    </div>
  );
}

const names = {
  name: 'name',
  description: 'description',
  inputSchema: 'input schema',
  outputSchema: 'output schema',
  timeoutMs: 'time limit',
  onFailure: 'what a failure means',
  pythonPolicy: 'Python policy',
  concurrency: 'concurrency',
  rate: 'rate',
  debounce: 'debounce',
  priority: 'priority',
  labels: 'labels',
  retention: 'retention',
} as const;

interface TextsProps {
  before: DocumentNode | undefined;
  after: DocumentNode | undefined;
  definition: NodeDefinition | undefined;
}

/** The code of a node as code, and the rest of it as JSON. */
function Texts({ before, after, definition }: TextsProps): ReactElement {
  const codeField = definition?.fields.find(({ language }) => language === 'python')?.name;
  const [a, b] = [split(before, codeField), split(after, codeField)];
  return (
    <>
      {a.code !== b.code && <Merge label="Code" before={a.code} after={b.code} language="python" />}
      {a.rest !== b.rest && <Merge label="Settings" before={a.rest} after={b.rest} language="json" />}
    </>
  );
}

function split(node: DocumentNode | undefined, codeField: string | undefined) {
  if (node === undefined) return { code: '', rest: '' };
  const { position: _, ...kept } = node;
  const config = (kept.config ?? {}) as Record<string, unknown>;
  const code = codeField === undefined ? undefined : config[codeField];
  if (typeof code !== 'string') return { code: '', rest: print(kept) };
  const { [codeField!]: __, ...others } = config;
  return { code, rest: print({ ...kept, config: others }) };
}

/** Sorted, since the database has its own order of properties. */
function print(value: unknown): string {
  const sorted = (_: string, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each;
  return JSON.stringify(value, sorted, 2);
}

interface MergeProps {
  label: string;
  before: string;
  after: string;
  language: 'python' | 'json';
}

function Merge({ label, before, after, language }: MergeProps): ReactElement {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const extensions = [
      language === 'python' ? python() : json(),
      syntaxHighlighting(defaultHighlightStyle),
      EditorView.editable.of(false),
      EditorState.readOnly.of(true),
      EditorView.lineWrapping,
    ];
    const named = (name: string) => [
      ...extensions,
      EditorView.contentAttributes.of({ 'aria-label': `${label}, ${name}`, tabindex: '0' }),
    ];
    const view = new MergeView({
      a: { doc: before, extensions: named('before') },
      b: { doc: after, extensions: named('after') },
      parent: host.current!,
      collapseUnchanged: { margin: 3, minSize: 6 },
    });
    return () => view.destroy();
  }, [label, before, after, language]);
  return (
    <section className="weft-diff__text" aria-label={label}>
      <h3>{label}</h3>
      <div ref={host} />
    </section>
  );
}
