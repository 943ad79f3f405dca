import type { NodeDefinition, WorkflowNodeInput } from '@weft/client';
import { Component, type ReactElement, type ReactNode, useId, useMemo } from 'react';
import { CopyButton } from '../ui/copy-button.tsx';
import { Callout } from '../ui/feedback.tsx';
import ConfigForm from './config-form.tsx';
import { FormContextProvider, type NodeFormData } from './form-context.ts';
import { Problems } from './form-field.tsx';
import './node-form.css';
import type { NodeProblem } from './problems.ts';
import { ForEachSettings } from './settings/for-each.tsx';
import { IdentitySettings } from './settings/identity.tsx';
import { JoinSettings } from './settings/join.tsx';
import { RetrySettings } from './settings/retry.tsx';
import { JsonWidget } from './widgets/json.tsx';

export interface NodeFormProps {
  /** Of the node's type, as `nodeDefinitions` has it; undefined where this server does not know the type. */
  definition: NodeDefinition | undefined;
  /** The node. The form is controlled: it shows this, and keeps whatever it does not know of it. */
  value: WorkflowNodeInput;
  /** Reports the node with a change, at each keystroke. It never changes `key`: see `onKeyChange`. */
  onChange: (value: WorkflowNodeInput) => void;
  /**
   * Reports another key, once it has been typed: edges and expressions name the node by it, so whoever has those
   * renames it. Without it the key is shown and cannot be changed.
   */
  onKeyChange?: (key: string) => void;
  /** Keys of the other nodes. */
  takenKeys?: readonly string[];
  /** What is wrong, each with its path within the node: `problemsOfNode(findings, index)`. */
  problems?: readonly NodeProblem[];
  /**
   * The values of the last run, for previews and completion; undefined before there was one. Keep it the same object as
   * long as it says the same: it is copied to the worker that evaluates expressions.
   */
  data?: NodeFormData | undefined;
  /** Whether an edge begins at the node's error handle. */
  hasErrorEdge?: boolean;
  /** How many edges end at the node. With one there is nothing to join, so that is not drawn. */
  incomingCount?: number | undefined;
  isReadOnly?: boolean;
}

/**
 * The form of a node, drawn from its definition alone: a node type that is added later needs nothing here. Stands within
 * a <WeftProvider>. Use the node's key as its `key`, so that what was half typed in one node does not show in another.
 */
export function NodeForm(props: NodeFormProps): ReactElement {
  const { definition, value, problems = noProblems, data } = props;
  const config = asConfig(value.config);
  const items = value.forEach?.items;
  const context = useMemo(
    () => ({ root: 'config' as const, problems, data, definition, config: config ?? noConfig, items }),
    [problems, data, definition, config, items],
  );
  return (
    <FormContextProvider value={context}>
      <div className="weft-form">
        {definition === undefined ? (
          <UnknownNode value={value} problems={problems} />
        ) : (
          <KnownNode {...props} definition={definition} config={config} problems={problems} />
        )}
      </div>
    </FormContextProvider>
  );
}

const noProblems: readonly NodeProblem[] = [];
const noConfig = {};

function KnownNode(
  props: NodeFormProps & {
    definition: NodeDefinition;
    config: Record<string, unknown> | undefined;
    problems: readonly NodeProblem[];
  },
): ReactElement {
  const { definition, value, onChange, problems, isReadOnly = false } = props;
  const { hasErrorEdge = false, incomingCount, onKeyChange, takenKeys = [] } = props;
  const set = (change: Partial<WorkflowNodeInput>) => onChange({ ...value, ...change });
  const setting = { problems, isReadOnly };
  const canFail = definition.errorHandle !== null;
  const canRepeat = canFail && definition.outputs.length === 1 && definition.join == null;
  const hasInput = (definition.inputs?.length ?? 0) > 0;
  const canJoin = hasInput && definition.join == null && (incomingCount ?? 2) > 1;
  return (
    <>
      <Problems problems={unplaced(problems, definition)} />
      <Config {...props} isReadOnly={isReadOnly} onConfig={(config) => set({ config })} />
      {(canFail || canJoin || value.retry || value.forEach) && (
        <section className="weft-form__settings" aria-label="When it runs, and when it fails">
          {canJoin && <JoinSettings {...setting} value={value.join} onChange={(join) => set({ join })} />}
          {(canRepeat || value.forEach) && (
            <ForEachSettings {...setting} value={value.forEach} onChange={(forEach) => set({ forEach })} />
          )}
          {(canFail || value.retry) && (
            <RetrySettings {...setting} value={value.retry} onChange={(retry) => set({ retry })} />
          )}
          {canFail && (
            <OnError
              hasErrorEdge={hasErrorEdge}
              isRetried={(value.retry?.maxAttempts ?? 3) > 1 && value.retry != null}
            />
          )}
        </section>
      )}
      <section className="weft-form__settings" aria-label="What it is called">
        <IdentitySettings
          {...setting}
          nodeKey={value.key}
          name={value.name}
          onName={(name) => set({ name })}
          onKey={onKeyChange}
          takenKeys={takenKeys}
        />
      </section>
    </>
  );
}

/** The type's own fields; as JSON where the configuration is no object, or its schema cannot be drawn. */
function Config(
  props: NodeFormProps & {
    definition: NodeDefinition;
    config: Record<string, unknown> | undefined;
    isReadOnly: boolean;
    onConfig: (config: unknown) => void;
  },
): ReactElement | null {
  const { definition, value, config, isReadOnly, onConfig } = props;
  const id = useId();
  const asJson = (title: string) => (
    <>
      <Callout tone="waiting" title={title} />
      <span id={`${id}-label`} className="weft-field__label">
        Configuration
      </span>
      <JsonWidget
        {...plainWidget}
        id={`${id}-config`}
        labelId={`${id}-label`}
        value={value.config}
        onChange={onConfig}
        isReadOnly={isReadOnly}
      />
    </>
  );
  if (config === undefined) return asJson('The configuration is no object, so it is shown as it is.');
  if (definition.fields.length === 0 && Object.keys(config).length === 0) return null;
  return (
    <Boundary key={definition.type} fallback={asJson('The form of this node type cannot be drawn.')}>
      <ConfigForm
        definition={definition}
        config={config}
        onChange={onConfig}
        isReadOnly={isReadOnly}
        idPrefix={`${id}-field`}
      />
    </Boundary>
  );
}

const plainWidget = {
  label: 'Configuration',
  describedBy: undefined,
  isInvalid: false,
  isRequired: false,
  placeholder: undefined,
  options: {},
  defaultValue: undefined,
  min: undefined,
  max: undefined,
  path: 'config',
};

function OnError({ hasErrorEdge, isRetried }: { hasErrorEdge: boolean; isRetried: boolean }): ReactElement {
  const when = isRetried ? 'When the last attempt fails' : 'When it fails';
  return (
    <section className="weft-setting">
      <h3 className="weft-setting__title">What happens on an error</h3>
      <p className="weft-setting__summary">
        {hasErrorEdge ? (
          <>
            {when}, the run goes on along its error handle, with <code>{'{ error, input }'}</code>.
          </>
        ) : (
          <>{when}, the run fails. An edge from its error handle lets the run go on there instead.</>
        )}
      </p>
    </section>
  );
}

/** Shown and kept, and nothing in it can be changed: what would fit is not known here. */
function UnknownNode({
  value,
  problems,
}: {
  value: WorkflowNodeInput;
  problems: readonly NodeProblem[];
}): ReactElement {
  const text = JSON.stringify(value, null, 2);
  return (
    <>
      <Callout tone="waiting" title={`This server does not know nodes of type “${value.type}”`}>
        <p>The node is kept as it is. It can be moved, connected and removed, but not changed or run.</p>
      </Callout>
      <div className="weft-form__raw">
        <CopyButton text={text} label="Copy as JSON" />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled by keyboard */}
        <pre tabIndex={0}>{text}</pre>
      </div>
      <Problems problems={problems} />
    </>
  );
}

/** Those that no field shows: of the node itself, and of fields that its type does not have. */
function unplaced(problems: readonly NodeProblem[], { fields }: NodeDefinition): NodeProblem[] {
  const names = new Set(fields.map(({ name }) => name));
  const settings = new Set(['join', 'retry', 'forEach', 'key', 'name']);
  return problems.filter(({ field }) => {
    const [part = '', name] = (field ?? '').split('.');
    if (part === 'config') return name === undefined || !names.has(name);
    return !settings.has(part) || field === 'retry';
  });
}

/** Undefined where it is no object; none at all is an empty one. */
function asConfig(config: unknown): Record<string, unknown> | undefined {
  if (config === null || config === undefined) return noConfig;
  return typeof config === 'object' && !Array.isArray(config)
    ? (config as Record<string, unknown>)
    : undefined;
}

class Boundary extends Component<{ fallback: ReactNode; children: ReactNode }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render(): ReactNode {
    return this.state.isBroken ? this.props.fallback : this.props.children;
  }
}
