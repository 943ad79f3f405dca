import type { NodeDefinition, WorkflowNodeInput } from '@weft/client';
import { type ReactElement, useMemo, useState } from 'react';
import { handlesOf, handleUses, noUse } from '../canvas/geometry.ts';
import { edgeIds } from '../canvas/types.ts';
import { nodeName } from '../data/node-name.ts';
import { NodeForm } from '../form/node-form.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { Input, Select } from '../ui/field.tsx';
import { Icon } from '../ui/icon.tsx';
import type { LastRun } from './last-run.ts';
import { formDataOf } from './last-run.ts';
import type { DocumentEdge, WorkflowDocument } from './model/document.ts';
import type { Finding } from './model/findings.ts';
import {
  connect,
  type Definitions,
  keysOf,
  nameInput,
  remove,
  renameKey,
  updateNode,
} from './model/operations.ts';
import type { Editor } from './use-editor.ts';

export interface NodePanelProps {
  editor: Editor;
  node: WorkflowNodeInput;
  definitions: Definitions;
  findings: readonly Finding[];
  lastRun: LastRun | undefined;
}

/** The form of the chosen node, and what it is joined to. */
export default function NodePanel({
  editor,
  node,
  definitions,
  findings,
  lastRun,
}: NodePanelProps): ReactElement {
  const { document } = editor.state;
  const definition = definitions.get(node.type);
  const others = keysOf(document);
  others.delete(node.key);
  return (
    <div className="weft-editor__node">
      <NodeForm
        key={node.key}
        definition={definition}
        value={node}
        onChange={(value) =>
          editor.edit((before) => updateNode(before, node.key, value), { group: `node ${node.key}` })
        }
        onKeyChange={(key) =>
          editor.edit((before) => renameKey(before, node.key, key, definitions), {
            select: { nodes: [key], edges: [] },
          })
        }
        takenKeys={[...others]}
        problems={problemsOf(findings, node.key)}
        data={formDataOf(document, node.key, lastRun)}
        hasErrorEdge={document.edges.some(
          ({ source, sourceHandle }) =>
            source === node.key && sourceHandle != null && sourceHandle === definition?.errorHandle?.id,
        )}
        incomingCount={document.edges.filter(({ target }) => target === node.key).length}
      />
      <Connections editor={editor} node={node} definition={definition} />
    </div>
  );
}

function problemsOf(findings: readonly Finding[], key: string) {
  return findings
    .filter(({ nodeKey }) => nodeKey === key)
    .map(({ nodeField, message, severity }) => ({
      field: nodeField,
      message,
      level: severity === 'error' ? ('ERROR' as const) : ('WARNING' as const),
    }));
}

interface ConnectionsProps {
  editor: Editor;
  node: WorkflowNodeInput;
  definition: NodeDefinition | undefined;
}

/** The edges of a node as lists: what the pointer does on the canvas, for the keyboard. */
function Connections({ editor, node, definition }: ConnectionsProps): ReactElement {
  const { document } = editor.state;
  const ids = edgeIds(document.edges);
  const all = document.edges.map((edge, index) => ({ edge, id: ids[index]! }));
  const incoming = all.filter(({ edge }) => edge.target === node.key);
  const outgoing = all.filter(({ edge }) => edge.source === node.key);
  const cut = (id: string) => editor.edit((before) => remove(before, { nodes: [], edges: [id] }));
  return (
    <section className="weft-editor__connections" aria-label="Connections">
      <h3>Connections</h3>
      {incoming.length + outgoing.length === 0 && <p className="weft-muted">None yet.</p>}
      <ul>
        {incoming.map(({ edge, id }) => (
          <li key={id}>
            <span className="weft-muted">from</span> <NodeName document={document} nodeKey={edge.source} />
            {edge.sourceHandle && <code>{edge.sourceHandle}</code>}
            {incoming.length > 1 && (
              <InputName
                edge={edge}
                onName={(name) => editor.edit((before) => nameInput(before, id, name))}
              />
            )}
            <Cut label={`Remove the connection from ${edge.source}`} onCut={() => cut(id)} />
          </li>
        ))}
        {outgoing.map(({ edge, id }) => (
          <li key={id}>
            <span className="weft-muted">to</span> <NodeName document={document} nodeKey={edge.target} />
            {edge.sourceHandle && <code>{edge.sourceHandle}</code>}
            <Cut label={`Remove the connection to ${edge.target}`} onCut={() => cut(id)} />
          </li>
        ))}
      </ul>
      <ConnectTo
        key={node.key}
        document={document}
        node={node}
        definition={definition}
        onConnect={(edge) => editor.edit((before) => connect(before, edge))}
      />
    </section>
  );
}

function NodeName({ document, nodeKey }: { document: WorkflowDocument; nodeKey: string }): ReactElement {
  const node = document.nodes.find(({ key }) => key === nodeKey);
  return <span className="weft-editor__node-name">{node ? nodeName(node) : nodeKey}</span>;
}

/** The name of the input that an edge leads to: edges that share one are alternatives for it. */
function InputName({
  edge,
  onName,
}: {
  edge: DocumentEdge;
  onName: (name: string | null) => void;
}): ReactElement {
  const [draft, setDraft] = useState<string | null>(null);
  const isName = (text: string) => text === '' || /^[A-Za-z0-9_-]{1,64}$/.test(text);
  const settle = () => {
    if (draft !== null && isName(draft)) onName(draft === '' ? null : draft);
    setDraft(null);
  };
  return (
    <span className="weft-editor__input-name">
      <span className="weft-muted">as</span>
      <Input
        aria-label={`Name of the input from ${edge.source}`}
        aria-invalid={(draft !== null && !isName(draft)) || undefined}
        title="Connections with the same name are alternatives for one input"
        className="weft-mono"
        spellCheck={false}
        autoCapitalize="off"
        placeholder={edge.source}
        value={draft ?? edge.targetHandle ?? ''}
        onChange={({ target }) => setDraft(target.value)}
        onBlur={settle}
        onKeyDown={(event) => {
          if (event.key === 'Enter') settle();
          if (event.key !== 'Escape' || draft === null) return;
          event.stopPropagation();
          setDraft(null);
        }}
      />
    </span>
  );
}

function Cut({ label, onCut }: { label: string; onCut: () => void }): ReactElement {
  return <IconButton icon="close" label={label} size="small" onClick={onCut} />;
}

interface ConnectToProps {
  document: WorkflowDocument;
  node: WorkflowNodeInput;
  definition: NodeDefinition | undefined;
  onConnect: (edge: DocumentEdge) => void;
}

function ConnectTo({ document, node, definition, onConnect }: ConnectToProps): ReactElement | null {
  const [handle, setHandle] = useState('');
  const [target, setTarget] = useState('');
  const { outputs, error } = handlesOf(node, definition, handleUses(document.edges).get(node.key) ?? noUse);
  const handles = [...outputs, ...(error ? [error] : [])];
  // A thousand options are not drawn anew for each letter that is typed into the form.
  const names = document.nodes.map(({ key, name }) => `${key} ${name ?? ''}`).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the nodes only what `names` says is shown
  const options = useMemo(
    () =>
      document.nodes
        .filter(({ key }) => key !== node.key)
        .map(({ key, name }) => (
          <option key={key} value={key}>
            {name ? `${name} (${key})` : key}
          </option>
        )),
    [names, node.key],
  );
  if (handles.length === 0 || options.length === 0) return null;
  const add = () => {
    onConnect({
      source: node.key,
      target,
      ...(handle === '' ? {} : { sourceHandle: handle }),
    });
    setTarget('');
  };
  return (
    <div className="weft-editor__connect">
      {handles.length > 1 && (
        <Select
          aria-label="From the handle"
          value={handle}
          onChange={(event) => setHandle(event.target.value)}
        >
          {handles.map(({ id, label }, index) => (
            <option key={id} value={index === 0 && outputs.length === 1 ? '' : id}>
              {label}
            </option>
          ))}
        </Select>
      )}
      <Select aria-label="Connect to" value={target} onChange={(event) => setTarget(event.target.value)}>
        <option value="">Connect to …</option>
        {options}
      </Select>
      <Button size="small" disabled={target === ''} onClick={add}>
        <Icon name="plus" size={13} /> Connect
      </Button>
    </div>
  );
}
