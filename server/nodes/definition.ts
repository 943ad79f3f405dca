import type { z } from 'zod';
import type { Artifact, EventBody, NodeError, WaitReason } from '../journal/event.ts';
import type { SandboxBackend } from '../sandbox/backend.ts';
import type { TraceContext } from '../shared/trace-context.ts';
import type { Join } from './draft.ts';
import type { OpenSecrets } from './secret-source.ts';

/**
 * A node type, all of it: from this one value come the GraphQL NodeDefinition, the JSON Schema, the form a
 * frontend draws, validation at save and the SDK's types. The engine knows nothing of single node types.
 */
export interface NodeDefinition<Config = unknown> {
  type: string;
  /** Raised when the meaning of a configuration changes. */
  version: number;
  label: string;
  description: string;
  category: 'flow' | 'code' | 'data' | 'network';
  /** Where the execution begins (`input`), or what its output consists of (`output`); most node types have no role. */
  role?: 'input' | 'output';
  /** An object schema; fields carry their form as `.meta(FieldMeta)`. */
  config: z.ZodObject & z.ZodType<Config>;
  /** Set where the type decides what its nodes wait for, whatever a node says. */
  join?: Join;
  /** Empty for a node that starts a workflow. */
  inputs: readonly Handle[];
  /** Without the error handle. The configuration may be incomplete, as it is while a form is filled in. */
  outputs: (config: Partial<Config>) => readonly Handle[];
  /** Set where the node can fail: it then has an output handle named `error`. */
  canFail: boolean;
  /**
   * `none`: `execute` reaches nothing but a sandbox and the journal, where whatever it emits commits after the
   * `NodeStarted` of its attempt; so it may start before that event is committed (engine/run-ahead.ts). `outside`: it
   * changes something elsewhere, and starts only when its `NodeStarted` is committed. A function where that depends on
   * the configuration, as it is before its templates are rendered.
   */
  effects: Effects | ((config: Partial<Config>) => Effects);
  /** Whether its nodes start executions, which end with their own. */
  startsExecutions?: boolean;
  /** The expressions among the fields that fit the schema, beside those in templates. */
  expressions?: (config: Partial<Config>) => ConfigExpression[];
  /** The JSONata whose value the node emits, where there is one: validation infers the fields of the output from it. */
  outputExpression?: (config: Partial<Config>) => string | undefined;
  /** What the schema cannot say; of the fields that fit the schema. */
  validate?: (config: Partial<Config>) => ConfigProblem[];
  /**
   * What only a sandbox can say, such as that code does not compile or will be refused; of the fields that fit the schema.
   * @throws where the sandbox cannot answer at present
   */
  inspect?: (config: Partial<Config>, tools: CheckTools) => Promise<ConfigProblem[]>;
  /** What a `NodeStarted` says beside the attempt; null where that is not known. */
  start?: (config: Partial<Config>, sandbox: SandboxBackend) => NodeStart | Promise<NodeStart>;
  /** Throws NodeFailure for a failure the workflow may handle. */
  execute: (context: NodeContext<Config>) => Promise<NodeEmission | NodeWait>;
  /**
   * Goes on after a wait that `execute`, or `resume` itself, asked for: in the same attempt, perhaps weeks later and in
   * another process. It may be called more than once for one wait, where a worker is lost.
   */
  resume?: (context: NodeContext<Config>, wait: EndedWait) => Promise<NodeEmission | NodeWait>;
}

export type Effects = 'none' | 'outside';

export interface CheckTools {
  sandbox: Pick<SandboxBackend, 'check'>;
  /** In which the workflow is saved. */
  project: string;
}

export interface Handle {
  id: string;
  label: string;
  description?: string;
  /** Of a node with several outputs: nothing need follow this one. */
  isOptional?: boolean;
}

export const ERROR_HANDLE_ID = 'error';

export const errorHandle: Handle = {
  id: ERROR_HANDLE_ID,
  label: 'Error',
  description: 'Emits { error, input } when the node fails; without an edge here the execution fails.',
};

/** How a field is shown in a form; everything else about it is in its schema. */
export interface FieldMeta {
  title?: string;
  description?: string;
  placeholder?: string;
  widget?:
    | 'text'
    | 'textarea'
    | 'code'
    | 'lines'
    | 'duration'
    | 'number'
    | 'select'
    | 'expression'
    | 'json'
    | 'cases'
    | 'workflow'
    | 'checkbox';
  /** Of a `select`: the values of its enum, each with its label. */
  choices?: Readonly<Record<string, string>>;
  /** What the text is written in. `requirements`: lines that name Python packages. */
  language?: 'python' | 'jsonata' | 'json' | 'requirements';
  /** False where `{{ }}` is not a template but part of the text: code and expressions. */
  templated?: boolean;
  /** `templates`: its templates may name secrets. `names`: it lists names of secrets, which the node gets. */
  secrets?: 'templates' | 'names';
}

export interface ConfigExpression {
  /** Within the configuration, such as ['cases', 0, 'when']. */
  path: (string | number)[];
  expression: string;
  /** Names that it sees beside those of the scope. */
  sees?: readonly string[];
}

export interface ConfigProblem {
  /** ERROR where none is given. */
  level?: 'WARNING';
  path: (string | number)[];
  /** For programs. */
  code: string;
  message: string;
}

export type NodeStart = Pick<Extract<EventBody, { type: 'NodeStarted' }>, 'shape'>;

/** What an expression and a template can see. */
export interface ExpressionScope {
  input: unknown;
  nodes: Record<string, { output: unknown }>;
  execution: { id: string; workflowId: string | null; input: unknown };
  /** Of a node with `forEach`, for each item: the item, which is `input` too, and its index from 0. */
  item?: unknown;
  index?: number;
  /** Of a node with `forEach`: its input as a whole. */
  nodeInput?: unknown;
}

/** A value that came to a node over one of its edges. */
export interface Arrival {
  /** Its name in the input of a node with several edges. */
  name: string;
  value: unknown;
}

export interface NodeContext<Config> {
  nodeKey: string;
  /** The index of the item, of a node with `forEach`. */
  item: number | null;
  /** The same for one attempt of one node, or of one item of it, and for no other in any execution. */
  attemptId: string;
  /**
   * As `attemptId`, but the same again where an attempt is repeated because its worker was lost: another only after a
   * failure of the node's own. What happens once for each of them is keyed by it.
   */
  tryId: string;
  config: Config;
  input: unknown;
  /** What `input` is made of, in the order of the edges; empty where no edge leads to the node. */
  arrivals: readonly Arrival[];
  scope: ExpressionScope;
  /** Those that the configuration names; null for none. What shows one is masked wherever the node emits it. */
  secrets: OpenSecrets | null;
  signal: AbortSignal;
  sandbox: SandboxBackend;
  evaluate: (expression: string, scope: ExpressionScope) => Promise<unknown>;
  now: () => Date;
  /** The span of this attempt, for what it requests and starts; null where there are no traces. */
  trace: () => TraceContext | null;
  /** Journals an event of this attempt. A node that awaits it runs no faster than the journal can take its events. */
  emit: (event: WatchedEvent) => Promise<void>;
  /**
   * Journals a violation of code whose end was already emitted. Where `isFatal`, the node and the execution fail by it,
   * unless the execution has ended.
   */
  emitLate: (event: LateEvent, isFatal: boolean) => void;
  /** Journals what is probably a mistake and no failure: once for each code and node of an execution. */
  notify: (code: string, message: string) => Promise<void>;
  /** Stores a file; the node then emits `ArtifactCreated`. */
  saveArtifact: (file: NodeFile) => Promise<Artifact>;
  /** Opens the file of a value `{ "$file": id }` that the execution has. @throws NodeFailure FILE_NOT_FOUND */
  openFile: (id: unknown) => Promise<OpenFile>;
}

/** A file that a node saves. */
export interface NodeFile {
  /** Where it is known already. */
  id?: string | undefined;
  /** Without folders. */
  name: string;
  /** By default what the name says. */
  mimeType?: string | undefined;
  content: Buffer | AsyncIterable<Buffer>;
}

/** A file whose content is still to be read. */
export interface OpenFile extends Artifact {
  /** May be read more than once. */
  content: AsyncIterable<Buffer>;
}

/** The files of an execution. */
export interface NodeFiles {
  /** @throws NodeFailure with a code FILE_…, and what reading the content throws */
  save(file: NodeFile, signal: AbortSignal): Promise<Artifact>;
  open(id: unknown, signal: AbortSignal): Promise<OpenFile>;
}

/** The part of an event that a node itself emits; the engine adds the node, the attempt and the time. */
export type WatchedEvent = DistributiveOmit<
  Extract<
    EventBody,
    {
      type:
        | 'NodeOutput'
        | 'NodeProgress'
        | 'NodeEnvironment'
        | 'NetworkRequest'
        | 'NodeNotice'
        | 'ArtifactCreated'
        | 'SecurityViolation';
    }
  >,
  'nodeKey' | 'attempt' | 'item'
>;
export type LateEvent = Extract<WatchedEvent, { type: 'SecurityViolation' }>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export interface NodeEmission {
  /** The output handle that the value leaves by; edges on the others die. */
  handle: string;
  output: unknown;
}

/**
 * The node waits, and holds nothing meanwhile: no worker, no memory. It goes on by `resume` when its time has come, or
 * with a signal.
 */
export interface NodeWait {
  wait: {
    reason: WaitReason;
    /** Null where only a signal ends the wait. */
    until: Date | null;
    /** What `resume` needs, as JSON. */
    data?: unknown;
  };
}

export interface EndedWait {
  data: unknown;
  /** What the signal brought; undefined where the time had come. */
  payload: unknown;
}

/** A failure of a node: its retry policy may try again, and its error handle emits it. */
export class NodeFailure extends Error {
  readonly error: Omit<NodeError, 'nodeKey'>;
  /** The least delay before another attempt, where something else asks for one; milliseconds. */
  readonly retryAfterMs: number;

  constructor(
    error: Partial<NodeError> & { code: string; message: string },
    { retryAfterMs = 0 }: { retryAfterMs?: number | undefined } = {},
  ) {
    super(error.message);
    this.name = 'NodeFailure';
    this.retryAfterMs = retryAfterMs;
    this.error = {
      type: null,
      traceback: null,
      line: null,
      column: null,
      exitCode: null,
      stderr: null,
      retryable: false,
      ...error,
    };
  }
}
