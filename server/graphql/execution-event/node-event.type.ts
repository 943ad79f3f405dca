import { Field, Float, Int } from 'type-graphql';
import { Artifact } from '../artifact/artifact.type.ts';
import { NodeError } from '../execution/node-error.type.ts';
import { JsonScalar } from '../scalars.ts';
import { EnvironmentStatus, OutputStream } from './execution-event.enums.ts';
import { EventType, ExecutionEvent } from './execution-event.type.ts';
import { Violation } from './violation.type.ts';

@EventType('An attempt at a node has begun.')
export class NodeStarted extends ExecutionEvent {}

@EventType('A node, or an item of one, has its result. Told exactly once.')
export class NodeSucceeded extends ExecutionEvent {
  @Field(() => JsonScalar, { nullable: true, description: 'What it emitted.' })
  output!: unknown;

  @Field(() => String, { description: 'The output handle it emitted on: edges from the others die.' })
  handle!: string;

  @Field(() => Float, { description: 'Milliseconds that the attempt took.' })
  durationMs!: number;
}

@EventType(
  'A node has failed, after its retries. An edge on its error handle takes it from here; without one the execution fails.',
)
export class NodeFailed extends ExecutionEvent {
  @Field(() => NodeError, { description: 'Why it failed.' })
  error!: NodeError;

  @Field(() => Float, { description: 'Milliseconds that the last attempt took.' })
  durationMs!: number;
}

@EventType('A node will not run: no edge that leads to it is live.')
export class NodeSkipped extends ExecutionEvent {}

@EventType('A node, or an item of one, took its output from the execution that this one retries.')
export class NodeReused extends ExecutionEvent {
  @Field(() => JsonScalar, { nullable: true, description: 'What it emitted then.' })
  output!: unknown;

  @Field(() => String, { description: 'The output handle it emitted on.' })
  handle!: string;
}

@EventType('An attempt has failed, and another will be made.')
export class NodeRetryScheduled extends ExecutionEvent {
  @Field(() => Float, { description: 'Milliseconds until the next attempt.' })
  delayMs!: number;

  @Field(() => NodeError, { description: 'Why this attempt failed.' })
  error!: NodeError;
}

@EventType('A piece of what a run wrote, as it wrote it.')
export class NodeOutput extends ExecutionEvent {
  @Field(() => OutputStream, { description: 'Where it wrote to.' })
  stream!: keyof typeof OutputStream;

  @Field(() => String, { description: 'A piece of the text; pieces need not end with a line.' })
  text!: string;

  @Field(() => Float, { description: "The place of the text's first byte in the stream." })
  byteOffset!: number;

  @Field(() => Boolean, {
    description:
      'True where what follows this text is left out: the rest of a line over 256 KiB, or all that follows the first MiB of the stream. The run itself goes on.',
  })
  truncated!: boolean;

  @Field(() => String, { nullable: true, description: '`PYTHON_OUTPUT_LIMIT` where truncated.' })
  code?: string;

  @Field(() => String, { nullable: true, description: 'Where truncated: which limit it was, for people.' })
  message?: string;
}

@EventType('How far a run says it is, by `progress()` or tqdm. Reports in quick succession are told as one.')
export class NodeProgress extends ExecutionEvent {
  @Field(() => Float, { description: 'How much is done.' })
  current!: number;

  @Field(() => Float, { nullable: true, description: 'How much there is to do, where that is known.' })
  total!: number | null;

  @Field(() => String, { nullable: true, description: 'What is counted, such as `rows`.' })
  unit!: string | null;

  @Field(() => String, { nullable: true, description: 'What it is doing.' })
  message!: string | null;

  @Field(() => String, { description: '`progress` or `tqdm`.' })
  source!: string;
}

@EventType("The environment with a node's packages is being made.")
export class NodeEnvironment extends ExecutionEvent {
  @Field(() => EnvironmentStatus, { description: 'How far it is.' })
  status!: keyof typeof EnvironmentStatus;

  @Field(() => [String], {
    description: 'What the node asks for; from INSTALLING on all that this comes to, as `name==version`.',
  })
  packages!: string[];

  @Field(() => String, {
    nullable: true,
    description: 'For people: what is being installed and how many of how many, or why it failed.',
  })
  message!: string | null;
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

@EventType('A node has handed out a file, which can be downloaded from now on.')
export class ArtifactCreated extends ExecutionEvent {
  @Field(() => Artifact, { description: 'The file.' })
  artifact!: Artifact;
}

@EventType('Code tried what its sandbox does not allow. Also a line of the audit trail.')
export class SecurityViolation extends ExecutionEvent {
  @Field(() => Violation, { description: 'What it tried, and where.' })
  violation!: Violation;

  @Field(() => String, { description: 'SHA-256 of the code of the node, in hex.' })
  codeHash!: string;
}

@EventType('There were so many violations lately that an operator was alerted.')
export class SecurityAlert extends ExecutionEvent {
  @Field(() => Int, { description: 'How many violations were counted.' })
  violations!: number;

  @Field(() => Int, { description: 'Within how many seconds.' })
  windowSeconds!: number;
}
