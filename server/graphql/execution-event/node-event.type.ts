import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { Severity } from '../../shared/severity.ts';
import { Artifact } from '../artifact/artifact.type.ts';
import { WaitReason } from '../execution/execution.enums.ts';
import { NodeError } from '../execution/node-error.type.ts';
import { PinnedFrom } from '../execution/pinned-from.type.ts';
import { PythonShape } from '../python/python.enums.ts';
import { DateTimeScalar, JsonScalar } from '../scalars.ts';
import { DeadEdge } from './dead-edge.type.ts';
import { EnvironmentStatus, OutputStream, ViolationSeverity } from './execution-event.enums.ts';
import { EventType, ExecutionEvent } from './execution-event.type.ts';
import { Violation } from './violation.type.ts';

@EventType('An attempt at a node has begun.')
export class NodeStarted extends ExecutionEvent {
  @Field(() => PythonShape, {
    nullable: true,
    description:
      'Of a `python` node: the shape of its code, and so how it runs. Null for other nodes, and where it is not known.',
  })
  shape?: keyof typeof PythonShape | null;
}

@EventType('A node, or an item of a node, succeeded. Emitted exactly once for each.')
export class NodeSucceeded extends ExecutionEvent {
  @Field(() => JsonScalar, { nullable: true, description: 'What the node emitted.' })
  output!: unknown;

  @Field(() => String, {
    description: 'The output handle that the node emitted on: edges from its other handles die.',
  })
  handle!: string;

  @Field(() => Float, { description: 'Milliseconds that the attempt took.' })
  durationMs!: number;
}

@EventType(
  "A node, or an item of a node, failed, after its retries. The execution continues over an edge on the node's error handle; without such an edge the execution fails.",
)
export class NodeFailed extends ExecutionEvent {
  @Field(() => NodeError, { description: 'Why it failed.' })
  error!: NodeError;

  @Field(() => Float, { description: 'Milliseconds that the last attempt took.' })
  durationMs!: number;
}

@EventType('A node will not run: with `join: ALL` an input of the node cannot come, with `ANY` none can.')
export class NodeSkipped extends ExecutionEvent {
  @Field(() => [DeadEdge], {
    nullable: true,
    description:
      'The edges of the inputs that cannot come, and why; null in executions of releases before nodes had a join.',
  })
  because?: DeadEdge[];

  @Field(() => Boolean, {
    nullable: true,
    description:
      'True where whoever started the execution left the node out, by `from` or `to` of `executionStart`; no edge is in `because` then. Null otherwise.',
  })
  isLeftOut?: boolean;
}

@EventType('An item was stopped, because its list failed by another item or the execution ended.')
export class NodeCanceled extends ExecutionEvent {}

@EventType(
  'A node, or an item of a node, does not run: it has the output that it had in the execution that this one retries, or one that was pinned.',
)
export class NodeReused extends ExecutionEvent {
  @Field(() => JsonScalar, { nullable: true, description: 'What the node emits without running.' })
  output!: unknown;

  @Field(() => String, { description: 'The output handle that the node emits on.' })
  handle!: string;

  @Field(() => PinnedFrom, {
    nullable: true,
    description: 'Where a pinned output is from; null for one of the execution that this one retries.',
  })
  pinned?: PinnedFrom;
}

@EventType('A node, or an item of a node, waits, and holds nothing meanwhile.')
export class NodeWaiting extends ExecutionEvent {
  @Field(() => WaitReason, { description: 'What is waited for.' })
  reason!: keyof typeof WaitReason;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the wait ends by itself; null where only something from outside ends it.',
  })
  until!: string | null;

  @Field(() => NodeError, { nullable: true, description: 'Of a FAILURE: why the node failed.' })
  failure?: NodeError;
}

@ObjectType({ simpleResolvers: true, description: 'What came from outside for a node that waited.' })
export class Signal {
  @Field(() => Int, { description: 'Its number among the signals of the execution, from 1.' })
  number!: number;

  @Field(() => JsonScalar, { nullable: true, description: 'What it brought.' })
  payload!: unknown;
}

@EventType('A node, or an item of a node, goes on after its wait, in the same attempt.')
export class NodeResumed extends ExecutionEvent {
  @Field(() => Signal, {
    nullable: true,
    description: 'What ended the wait; null where its time had come.',
  })
  signal!: Signal | null;
}

@EventType('An attempt failed, and another will follow.')
export class NodeRetryScheduled extends ExecutionEvent {
  @Field(() => Float, { description: 'Milliseconds until the next attempt.' })
  delayMs!: number;

  @Field(() => NodeError, { description: 'Why this attempt failed.' })
  error!: NodeError;
}

@EventType("A piece of a run's output, as the run wrote it.")
export class NodeOutput extends ExecutionEvent {
  @Field(() => OutputStream, { description: 'The stream that the run wrote to.' })
  stream!: keyof typeof OutputStream;

  @Field(() => String, { description: 'A piece of the text; pieces need not end with a line.' })
  text!: string;

  @Field(() => Float, { description: "The place of the text's first byte in the stream." })
  byteOffset!: number;

  @Field(() => Boolean, {
    description:
      'True where the text after this piece is omitted: the rest of a line over 256 KiB, or everything after the first MiB of the stream. The run itself continues.',
  })
  truncated!: boolean;

  @Field(() => String, { nullable: true, description: '`PYTHON_OUTPUT_LIMIT` where truncated.' })
  code?: string;

  @Field(() => String, { nullable: true, description: 'Where truncated: which limit it was, for people.' })
  message?: string;
}

@EventType(
  'The progress that a run reports by `progress()` or tqdm. Reports in quick succession are merged into one event.',
)
export class NodeProgress extends ExecutionEvent {
  @Field(() => Float, { description: 'How much is done.' })
  current!: number;

  @Field(() => Float, { nullable: true, description: 'How much there is to do, where that is known.' })
  total!: number | null;

  @Field(() => String, { nullable: true, description: 'The unit that is counted, such as `rows`.' })
  unit!: string | null;

  @Field(() => String, { nullable: true, description: 'What the run is doing.' })
  message!: string | null;

  @Field(() => String, { description: '`progress` or `tqdm`.' })
  source!: string;
}

@EventType("The environment with a node's packages is being built.")
export class NodeEnvironment extends ExecutionEvent {
  @Field(() => EnvironmentStatus, { description: 'Its status.' })
  status!: keyof typeof EnvironmentStatus;

  @Field(() => [String], {
    description:
      'The requirements of the node; from INSTALLING on, all packages that they resolve to, as `name==version`.',
  })
  packages!: string[];

  @Field(() => String, {
    nullable: true,
    description: 'For people: what is being installed and how many of how many, or why it failed.',
  })
  message!: string | null;
}

@EventType(
  'The code of a node sent a request to a host that the node asks for, and the response has ended. A redirect that the code follows is a request of its own. Only the host is recorded: the rest of a URL may hold secrets.',
)
export class NetworkRequest extends ExecutionEvent {
  @Field(() => String, { description: 'The host, with its port where that is not the usual one.' })
  host!: string;

  @Field(() => String, { description: 'The method, such as `GET`.' })
  method!: string;

  @Field(() => Int, { nullable: true, description: 'The status of the response; null where none came.' })
  httpStatus!: number | null;

  @Field(() => Float, { description: 'How many bytes the body of the request had.' })
  sentBytes!: number;

  @Field(() => Float, { description: 'How many bytes of the body of the response came, as they were sent.' })
  receivedBytes!: number;

  @Field(() => Float, { description: 'Milliseconds from the request to the end of its response.' })
  durationMs!: number;

  @Field(() => String, {
    nullable: true,
    description:
      'Why there is no whole response: `TIMEOUT`, `NETWORK`, `REFUSED_ADDRESS` (a private address), `TOO_LARGE`, `ABANDONED` by the code, or `RUN_ENDED`; null where there is one.',
  })
  failureCode!: string | null;
}

/** Nullable, though always set: one fragment selects these fields of NodeOutput, NodeEnvironment and NodeNotice. */
@EventType('What the author of a workflow should know about a run of a node, and what is no failure.')
export class NodeNotice extends ExecutionEvent {
  @Field(() => String, {
    nullable: true,
    description:
      'For programs. `UNDEFINED_REFERENCE`: a template or an expression that is a path and nothing else has no value.',
  })
  code!: string;

  @Field(() => String, {
    nullable: true,
    description: 'For people: where it is, what it is, and what was probably meant.',
  })
  message!: string;
}

@EventType('A node saved a file, which can be downloaded from now on.')
export class ArtifactCreated extends ExecutionEvent {
  @Field(() => Artifact, { description: 'The file.' })
  artifact!: Artifact;
}

@EventType('Code tried something that its sandbox does not allow. Also an entry of the audit trail.')
export class SecurityViolation extends ExecutionEvent {
  @Field(() => Violation, { description: 'What the code tried, and where.' })
  violation!: Violation;

  @Field(() => String, { description: 'SHA-256 of the code of the node, in hex.' })
  codeHash!: string;

  @Field(() => ViolationSeverity, { description: 'How severe it is: alerts count by it.' })
  severity!: Severity;

  @Field(() => Int, {
    description:
      'How often it came. Code that does the same in a loop has an event for the first time, and later some that count.',
  })
  count!: number;
}

@EventType('So many violations happened recently that an operator was alerted.')
export class SecurityAlert extends ExecutionEvent {
  @Field(() => Int, { description: 'How many violations were counted.' })
  violations!: number;

  @Field(() => Int, { description: 'Within how many seconds.' })
  windowSeconds!: number;
}
