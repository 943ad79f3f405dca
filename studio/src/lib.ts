/**
 * What @weft/studio gives to other frontends. Each part stands in a <WeftProvider>:
 * `<WeftProvider client={createClient({ url })}><RunView executionId={id} /></WeftProvider>`.
 */

export type {
  CanvasChange,
  CanvasEdge,
  CanvasMark,
  CanvasNode,
  CanvasNodeState,
  CanvasProblem,
  CanvasSelection,
  CanvasView,
  CanvasWorkflow,
} from './canvas/types.ts';
export { WorkflowCanvas, type WorkflowCanvasProps } from './canvas/workflow-canvas.tsx';
export { WeftProvider, type WeftProviderProps } from './data/provider.tsx';
export { WorkflowEditor, type WorkflowEditorProps } from './editor/workflow-editor.tsx';
export type { NodeFormData } from './form/form-context.ts';
export { NodeForm, type NodeFormProps } from './form/node-form.tsx';
export { type NodeProblem, problemsOfNode } from './form/problems.ts';
export { weftFields } from './form/theme/schema-field.tsx';
export { weftValidator } from './form/validator.ts';
export type { FormWidgetProps } from './form/widgets/widget.ts';
export { type FormWidget, weftWidgets } from './form/widgets/widgets.ts';
export type { NavigationProps, NavigationTarget } from './run/navigation.tsx';
export type { RunPlace, RunTab } from './run/run-place.ts';
export { RunView, type RunViewProps } from './run/run-view.tsx';
export { anyRun, RunList, type RunListFilter, type RunListProps } from './runs/run-list.tsx';
