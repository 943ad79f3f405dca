import type { NodeDefinition } from '@weft/client';
import {
  Background,
  type Connection,
  ControlButton,
  Controls,
  type EdgeChange,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  type ReactFlowState,
  useReactFlow,
  useStore,
} from '@xyflow/react';
import {
  type DragEvent,
  type ReactElement,
  type Ref,
  useCallback,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react';
import './workflow-canvas.css';
import { nodeName } from '../data/node-name.ts';
import { classNames } from '../ui/class-names.ts';
import { Icon } from '../ui/icon.tsx';
import { statusLabel } from '../ui/status-badge.tsx';
import { EdgeView } from './edge-view.tsx';
import { FarView } from './far/far-view.tsx';
import { makePicture } from './far/picture.ts';
import { useFarPointer } from './far/use-far-pointer.ts';
import { type FlowEdge, type FlowElements, type FlowNode, makeFlowElements } from './flow-elements.ts';
import { nodeWidth, roundedOf } from './geometry.ts';
import { NodeView } from './node-view.tsx';
import { Overview } from './overview.tsx';
import {
  type CanvasChange,
  type CanvasEdge,
  type CanvasMark,
  type CanvasNodeState,
  type CanvasProblem,
  type CanvasSelection,
  type CanvasView,
  type CanvasWorkflow,
  emptySelection,
  type Position,
} from './types.ts';
import { useCanvasKeys } from './use-canvas-keys.ts';
import {
  farZoom,
  firstView,
  fitViewOptions,
  minZoom,
  useCanvasView,
  useFirstView,
} from './use-canvas-view.ts';
import { useLatest } from './use-latest.ts';

export interface WorkflowCanvasProps {
  workflow: CanvasWorkflow;
  definitions: readonly NodeDefinition[];
  /** How the nodes stand in a run, by key. */
  states?: Readonly<Record<string, CanvasNodeState>> | undefined;
  problems?: readonly CanvasProblem[] | undefined;
  /** How the nodes differ from another version, by key. */
  marks?: ReadonlyMap<string, CanvasMark> | undefined;
  /** The nodes that an output stands in for, by key. */
  pinned?: ReadonlySet<string> | undefined;
  selected?: CanvasSelection | undefined;
  onSelect?: ((selected: CanvasSelection) => void) | undefined;
  /** What a person did; the caller applies it to `workflow`. */
  onChange?: ((change: CanvasChange) => void) | undefined;
  /** Enter or a double click on a node. */
  onOpen?: ((key: string) => void) | undefined;
  /** Nothing can be changed; without `onChange` it is so anyway. */
  readOnly?: boolean;
  /** Shows all of it at first, however small; else what is shown can be read. */
  showAll?: boolean;
  /** Of the canvas, for what reads screens. */
  label?: string;
  ref?: Ref<CanvasView>;
  className?: string | undefined;
}

/** A workflow as a graph. It fills its container, which has a height. */
export function WorkflowCanvas(props: WorkflowCanvasProps): ReactElement {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

/** What a palette puts into a drag: the type of the node. */
export const nodeTypeMime = 'application/x-weft-node-type';

const nodeTypes = { weft: NodeView };
const edgeTypes = { weft: EdgeView };
const multiSelectionKeys = ['Meta', 'Control'];
const proOptions = { hideAttribution: false };

function Canvas(props: WorkflowCanvasProps): ReactElement {
  const { workflow, definitions, states, problems, marks, pinned, selected = emptySelection } = props;
  const { onSelect, onChange, onOpen, label = 'Workflow', className, ref } = props;
  const isReadOnly = props.readOnly === true || onChange === undefined;
  const hintId = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [makeElements] = useState(makeFlowElements);
  const elements = useMemo(
    () => makeElements({ workflow, definitions, states, problems, marks, pinned, selected, isReadOnly }),
    [makeElements, workflow, definitions, states, problems, marks, pinned, selected, isReadOnly],
  );
  const { nodes, onNodesChange } = useDragging(elements, selected, onSelect, onChange);
  const onEdgesChange = useEdgeSelection(selected, onSelect);
  const view = useCanvasView(elements, frame, ref);
  const isFar = useStore(isFarAway);
  const { edges } = elements;
  const picture = useMemo(() => (isFar ? makePicture(nodes, edges) : null), [isFar, nodes, edges]);
  const { onPaneClick, ...onFarPointer } = useFarPointer({
    picture,
    frame,
    nodes,
    edges,
    selected,
    isReadOnly,
    onSelect,
    onOpen,
    onNodesChange,
  });
  const onInit = useFirstView(elements, selected, frame, view, props.showAll === true);
  const onKeyDown = useCanvasKeys({ elements, selected, isReadOnly, onSelect, onChange, onOpen, view });

  // Not while it is pressed only: a click is for the node under it.
  const setPanning = (isPanning: boolean) =>
    frame.current?.classList.toggle('weft-canvas--panning', isPanning);
  const onMove = (event: MouseEvent | TouchEvent | null) => event?.type === 'mousemove' && setPanning(true);
  const onMoveEnd = () => setPanning(false);

  const onConnect = useConnecting(elements, onChange);
  const onNodeDoubleClick = useCallback((_: unknown, node: FlowNode) => onOpen?.(node.id), [onOpen]);
  const { screenToFlowPosition } = useReactFlow();
  const onDrop = (event: DragEvent) => {
    const type = event.dataTransfer.getData(nodeTypeMime);
    if (type === '' || isReadOnly) return;
    event.preventDefault();
    const { x, y } = screenToFlowPosition({ x: event.clientX, y: event.clientY });
    onChange?.({ kind: 'add', type, position: { x: Math.round(x - nodeWidth / 2), y: Math.round(y - 28) } });
  };
  const onDragOver = (event: DragEvent) => {
    if (isReadOnly || !event.dataTransfer.types.includes(nodeTypeMime)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  };

  return (
    <div
      ref={frame}
      className={classNames('weft-canvas', isReadOnly && 'weft-canvas--read-only', className)}
      {...onFarPointer}
    >
      <p id={hintId} className="weft-hidden">
        {isReadOnly ? readOnlyHint : hint}
      </p>
      {/* It has the role of an application, and is one stop of the Tab key for the whole graph. */}
      <ReactFlow<FlowNode, FlowEdge>
        aria-label={label}
        aria-describedby={hintId}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onDrop={onDrop}
        onDragOver={onDragOver}
        nodes={picture ? noNodes : nodes}
        edges={picture ? noEdges : edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onConnect={onConnect}
        onNodeDoubleClick={onNodeDoubleClick}
        onPaneClick={onPaneClick}
        onInit={onInit}
        onMove={onMove}
        onMoveEnd={onMoveEnd}
        nodesDraggable={!isReadOnly}
        nodesConnectable={!isReadOnly}
        elementsSelectable={onSelect !== undefined}
        nodesFocusable={false}
        edgesFocusable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        multiSelectionKeyCode={multiSelectionKeys}
        zoomOnDoubleClick={false}
        elevateNodesOnSelect={false}
        onlyRenderVisibleElements
        fitView
        fitViewOptions={props.showAll ? fitViewOptions : firstView}
        minZoom={minZoom}
        maxZoom={2}
        proOptions={proOptions}
      >
        <Background gap={20} size={1} />
        <Controls showInteractive={false} showFitView={false} position="bottom-left">
          <ControlButton title="Show all" aria-label="Show all" onClick={() => view.fit()}>
            <Icon name="fit" size={13} />
          </ControlButton>
        </Controls>
        {picture && <FarView picture={picture} />}
        {elements.nodes.length > 5 && <Overview nodes={nodes} />}
      </ReactFlow>
      <Announcer elements={elements} selected={selected} />
    </div>
  );
}

const hint =
  'Arrow keys choose a node, Shift and arrow keys move it, Enter opens it, Delete removes it, Escape chooses none.';
const readOnlyHint = 'Arrow keys choose a node, Enter opens it, Escape chooses none.';

/** Handles are named only where there is a choice: else a `targetHandle` would rename the value that arrives. */
function useConnecting(elements: FlowElements, onChange: WorkflowCanvasProps['onChange']) {
  const latest = useLatest(elements);
  return useCallback(
    ({ source, sourceHandle, target, targetHandle }: Connection) => {
      const handlesOf = (id: string, role: string) =>
        latest.current.nodes
          .find((node) => node.id === id)
          ?.data.geometry.handles.filter((handle) => handle.role === role) ?? [];
      const outputs = handlesOf(source, 'output');
      const isOnlyOutput = outputs.length === 1 && outputs[0]?.id === sourceHandle;
      const edge: CanvasEdge = {
        source,
        target,
        ...(sourceHandle === null || isOnlyOutput ? {} : { sourceHandle }),
        ...(targetHandle === null || handlesOf(target, 'input').length < 2 ? {} : { targetHandle }),
      };
      onChange?.({ kind: 'connect', edge });
    },
    [latest, onChange],
  );
}

/**
 * Where nodes are while they are dragged is kept here; the caller gets one change when they are dropped. Sizes are
 * known (geometry.ts), so React Flow's reports of them are not needed.
 */
function useDragging(
  elements: FlowElements,
  selected: CanvasSelection,
  onSelect: WorkflowCanvasProps['onSelect'],
  onChange: WorkflowCanvasProps['onChange'],
) {
  const [dragged, setDragged] = useState<ReadonlyMap<string, Position>>(noPlaces);
  const draggedNow = useRef(dragged);
  const selectedNow = useLatest(selected);
  const nodes = useMemo(
    () =>
      dragged.size === 0
        ? elements.nodes
        : elements.nodes.map((node) => {
            const position = dragged.get(node.id);
            return position ? { ...node, position, dragging: true } : node;
          }),
    [elements, dragged],
  );
  const onNodesChange = useCallback(
    (changes: NodeChange<FlowNode>[]) => {
      const next = new Map(draggedNow.current);
      let hasEnded = false;
      for (const change of changes) {
        if (change.type !== 'position' || change.position === undefined) continue;
        next.set(change.id, roundedOf(change.position));
        if (change.dragging !== true) hasEnded = true;
      }
      if (hasEnded) {
        draggedNow.current = noPlaces;
        setDragged(noPlaces);
        onChange?.({ kind: 'move', positions: next });
      } else if (next.size > 0) {
        draggedNow.current = next;
        setDragged(next);
      }
      const chosen = applySelection(selectedNow.current.nodes, changes);
      if (chosen) {
        selectedNow.current = { ...selectedNow.current, nodes: chosen };
        onSelect?.(selectedNow.current);
      }
    },
    [onSelect, onChange, selectedNow],
  );
  return { nodes, onNodesChange };
}

const noPlaces: ReadonlyMap<string, Position> = new Map();

function useEdgeSelection(selected: CanvasSelection, onSelect: WorkflowCanvasProps['onSelect']) {
  const selectedNow = useLatest(selected);
  return useCallback(
    (changes: EdgeChange<FlowEdge>[]) => {
      const chosen = applySelection(selectedNow.current.edges, changes);
      if (chosen === undefined) return;
      selectedNow.current = { ...selectedNow.current, edges: chosen };
      onSelect?.(selectedNow.current);
    },
    [onSelect, selectedNow],
  );
}

/** The selection after these changes; undefined where they change none of it. */
function applySelection(
  chosen: readonly string[],
  changes: readonly (NodeChange<FlowNode> | EdgeChange<FlowEdge>)[],
): string[] | undefined {
  const next = new Set(chosen);
  let hasChanged = false;
  for (const change of changes) {
    if (change.type !== 'select' || next.has(change.id) === change.selected) continue;
    hasChanged = true;
    if (change.selected) next.add(change.id);
    else next.delete(change.id);
  }
  return hasChanged ? [...next] : undefined;
}

function isFarAway({ transform }: ReactFlowState): boolean {
  return transform[2] < farZoom;
}

const noNodes: FlowNode[] = [];
const noEdges: FlowEdge[] = [];

/** Says which node is chosen, to what reads screens. */
function Announcer({
  elements,
  selected,
}: {
  elements: FlowElements;
  selected: CanvasSelection;
}): ReactElement {
  return (
    <p className="weft-hidden" aria-live="polite">
      {describe(elements, selected)}
    </p>
  );
}

function describe({ nodes }: FlowElements, selected: CanvasSelection): string {
  if (selected.nodes.length > 1) return `${selected.nodes.length} nodes chosen`;
  const node = nodes.find(({ id }) => id === selected.nodes[0]);
  if (node === undefined) return selected.edges.length > 0 ? 'A connection is chosen' : '';
  const { definition, status, isPinned, problems } = node.data;
  return [
    `${nodeName(node.data.node)}, ${definition?.label ?? node.data.node.type}`,
    status && statusLabel(status),
    isPinned && 'output pinned',
    problems.length > 0 && `${problems.length} problems`,
  ]
    .filter(Boolean)
    .join(', ');
}
