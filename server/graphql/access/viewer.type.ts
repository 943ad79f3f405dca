import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar, LabelsScalar } from '../scalars.ts';
import { TokenScope } from './token.enums.ts';

export const ViewerKind = {
  ANONYMOUS: 'ANONYMOUS',
  API_TOKEN: 'API_TOKEN',
  OIDC: 'OIDC',
  SERVICE: 'SERVICE',
  BROWSER: 'BROWSER',
} as const;
registerEnumType(ViewerKind, {
  name: 'ViewerKind',
  description: 'By what the server knows who sends a request.',
  valuesConfig: {
    ANONYMOUS: { description: 'By nothing: the server wants no token, and everybody may do everything.' },
    API_TOKEN: { description: 'By the token of the setting WEFT_API_TOKEN.' },
    OIDC: { description: 'By a token of an OpenID Connect issuer.' },
    SERVICE: { description: 'By a token that `tokenCreate` made.' },
    BROWSER: { description: 'By a token that `tokenMint` made.' },
  },
});

@ObjectType({ description: 'Who sends this request, and what it may do.' })
export class Viewer {
  @Field(() => String, {
    description:
      'As executions and the audit trail name it: `anonymous`, `api-token`, the id of a token, or `<issuer>/<sub>`.',
  })
  id!: string;

  @Field(() => String, { description: 'For people.' })
  name!: string;

  @Field(() => ViewerKind, { description: 'By what it is known.' })
  kind!: keyof typeof ViewerKind;

  @Field(() => [TokenScope], { description: 'What it may do, with all that its scopes include.' })
  scopes!: (keyof typeof TokenScope)[];

  @Field(() => String, { description: 'The key of the project in which this request acts.' })
  project!: string;

  @Field(() => [String], {
    nullable: true,
    description: 'The keys of the projects that its requests may name; null for all.',
  })
  projects!: readonly string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'The keys of the workflows that it is limited to; null for all.',
  })
  workflowKeys!: readonly string[] | null;

  @Field(() => LabelsScalar, {
    nullable: true,
    description: 'The labels of the executions that it is limited to; null for any.',
  })
  labels!: Readonly<Record<string, string>> | null;

  @Field(() => ID, { nullable: true, description: 'The one execution that it watches; null for others.' })
  executionId!: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When its token expires; null for never.' })
  expiresAt!: Date | null;

  @Field(() => Int, {
    nullable: true,
    description: 'What its operations may cost a minute, with all that limits it; null for no limit.',
  })
  costPerMinute!: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Executions that it may have started and that have not ended, with all that limits it; null for no limit.',
  })
  maxRunningExecutions!: number | null;
}
