import type { NodeDefinition } from '@weft/client';
import { createContext, useContext } from 'react';
import type { NodeProblem } from './problems.ts';

/** What expressions and code see: the values of the last run, as far as there were any. */
export interface NodeFormData {
  /** What arrived at this node. */
  input?: unknown;
  /** The output of each node by its key. */
  nodes?: Record<string, { output: unknown }>;
  execution?: { id: string; workflowId: string | null; input: unknown };
}

/** What the widgets know of the form around them. */
export interface FormContext {
  /** What the paths of problems begin with: `config` in a node, `input` of a run. */
  root: 'config' | 'input';
  problems: readonly NodeProblem[];
  data: NodeFormData | undefined;
  definition: NodeDefinition | undefined;
  /** Of a node that runs once for each item of a list, the expression of the list. */
  items?: string | undefined;
  /** All of the node's configuration, for a field that depends on another one. */
  config: Readonly<Record<string, unknown>>;
}

const Context = createContext<FormContext>({
  root: 'config',
  problems: [],
  data: undefined,
  definition: undefined,
  config: {},
});

export const FormContextProvider = Context.Provider;

/** Of the <NodeForm> around a widget; without one, of no node. */
export function useFormContext(): FormContext {
  return useContext(Context);
}

/** The text that is code in Python, if the node has a field for it. */
export function pythonOf({ definition, config }: FormContext): string | undefined {
  const field = definition?.fields.find(({ language }) => language === 'python');
  const code = field && config[field.name];
  return typeof code === 'string' ? code : undefined;
}
