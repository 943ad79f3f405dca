import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { MAX_COST_PER_MINUTE, MAX_RUNNING } from '../../shared/allowance.ts';
import { MAX_TTL_SECONDS, MIN_TTL_SECONDS } from '../../use-cases/tokens.ts';
import { PageArgs } from '../relay/page.args.ts';
import { DateTimeScalar, LabelsScalar } from '../scalars.ts';
import { TokenKind, TokenScope } from './token.enums.ts';

@InputType({ description: 'A token for a program or a person.' })
export class TokenCreateInput {
  @Field(() => String, { description: 'What it is for, 1 to 100 characters.' })
  name!: string;

  @Field(() => [TokenScope], { description: 'What it may do; each scope includes those before it.' })
  scopes!: (keyof typeof TokenScope)[];

  @Field(() => String, {
    nullable: true,
    description: 'The key of the project in which it acts; by default that in which this request acts.',
  })
  project?: string | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'Whether it acts in all projects, and names one with each request; for those who do so themselves.',
  })
  allProjects!: boolean;

  @Field(() => [String], {
    nullable: true,
    description:
      'The keys of the workflows that it is limited to, 1 to 100; null for all. A workflow need not exist yet.',
  })
  workflowKeys?: string[] | null;

  @Field(() => LabelsScalar, {
    nullable: true,
    description:
      'The labels of the executions that it is limited to: it sees those that have all of them, and what it starts gets them. With READ and RUN alone.',
  })
  labels?: Record<string, string> | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'From when on it is refused; without it never.',
  })
  expiresAt?: Date | null;

  @Field(() => Int, {
    nullable: true,
    description: `What its operations may cost a minute, 1 to ${MAX_COST_PER_MINUTE}; null for what the server's settings say.`,
  })
  costPerMinute?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: `Executions that it may have started and that have not ended, 1 to ${MAX_RUNNING}; null for what the server's settings say.`,
  })
  maxRunningExecutions?: number | null;
}

@InputType({ description: 'A token for one page: either to watch an execution, or to run a workflow.' })
export class TokenMintInput {
  @Field(() => ID, {
    nullable: true,
    description: 'The execution to watch: its events, outputs and files, and nothing else.',
  })
  executionId?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The key of the workflow to run. The page sees the executions that it has started itself, and no definition.',
  })
  workflowKey?: string | null;

  @Field(() => Int, {
    defaultValue: 900,
    description: `How long it lasts, ${MIN_TTL_SECONDS} to ${MAX_TTL_SECONDS} seconds; no longer than the token that mints it.`,
  })
  ttlSeconds!: number;

  @Field(() => String, {
    nullable: true,
    description: 'For people, such as the user whose page it is; 1 to 100 characters.',
  })
  name?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: `What its operations may cost a minute, 1 to ${MAX_COST_PER_MINUTE}; null for what the server's settings say. What the token that mints it may use holds as well.`,
  })
  costPerMinute?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: `Executions that it may have started and that have not ended, 1 to ${MAX_RUNNING}; null for what the server's settings say.`,
  })
  maxRunningExecutions?: number | null;
}

@InputType({ description: 'Which tokens to list. Each field narrows the list.' })
export class TokenFilter {
  @Field(() => TokenKind, { nullable: true, description: 'Of this kind.' })
  kind?: keyof typeof TokenKind | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether it is neither revoked nor expired.' })
  isActive?: boolean | null;
}

@ArgsType()
export class TokensArgs extends PageArgs {
  @Field(() => TokenFilter, { nullable: true, description: 'Which tokens to list; by default all.' })
  filter?: TokenFilter | null;
}
