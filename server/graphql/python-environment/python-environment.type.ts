import { Field, Float, ID, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../enum-of.ts';
import { EnvironmentStatus } from '../execution-event/execution-event.enums.ts';
import { DateTimeScalar } from '../scalars.ts';
import { Payload } from '../user-error/user-error.type.ts';

export const PythonEnvironmentState = enumOf(['BUILDING', 'READY', 'FAILED']);
export type PythonEnvironmentState = keyof typeof PythonEnvironmentState;

registerEnumType(PythonEnvironmentState, {
  name: 'PythonEnvironmentState',
  description: 'The status of an environment.',
  valuesConfig: {
    BUILDING: { description: 'Is being resolved or installed.' },
    READY: { description: 'Can be used at once.' },
    FAILED: { description: 'The build failed; the next run that needs the environment tries again.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'One package of an environment.' })
export class PythonPackage {
  @Field(() => String, { description: 'Normalised, such as `python-dateutil`.' })
  name!: string;

  @Field(() => String, { description: 'Exact.' })
  version!: string;
}

@ObjectType({
  simpleResolvers: true,
  description:
    'A set of Python packages, installed once and shared by all nodes whose requirements resolve to that set.',
})
export class PythonEnvironment {
  @Field(() => ID, {
    description: 'The same packages on the same Python have the same id. The id changes when a build ends.',
  })
  id!: string;

  @Field(() => [String], { description: 'The requirements that the environment was built from.' })
  requirements!: string[];

  @Field(() => [PythonPackage], { description: 'All packages of the environment; empty until it is READY.' })
  packages!: PythonPackage[];

  @Field(() => Float, {
    description: 'Size on disk, a whole number of bytes; 0 until the environment is READY.',
  })
  sizeBytes!: number;

  @Field(() => PythonEnvironmentState, { description: 'Its status.' })
  state!: PythonEnvironmentState;

  @Field(() => String, {
    nullable: true,
    description: 'Why it FAILED, or how far it is while it is BUILDING.',
  })
  message!: string | null;

  @Field(() => DateTimeScalar, {
    description: 'When the environment was built, or when its build began or failed.',
  })
  createdAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When a run last used the environment.' })
  lastUsedAt!: Date | null;
}

@ObjectType({ simpleResolvers: true, description: 'How far the environment for some packages is.' })
export class PythonEnvironmentProgress {
  @Field(() => EnvironmentStatus, { description: 'READY and FAILED are the last.' })
  status!: keyof typeof EnvironmentStatus;

  @Field(() => [String], {
    description: 'What was requested; while INSTALLING what it came to, as `name==version`.',
  })
  packages!: readonly string[];

  @Field(() => String, { nullable: true, description: 'Why it FAILED, or what is being done.' })
  message!: string | null;

  @Field(() => PythonEnvironment, { nullable: true, description: 'The environment, once it is READY.' })
  environment!: PythonEnvironment | null;
}

@ObjectType({
  simpleResolvers: true,
  implements: Payload,
  description: 'What `pythonEnvironmentPrepare` answers.',
})
export class PythonEnvironmentPreparePayload extends Payload {
  @Field(() => PythonEnvironment, {
    nullable: true,
    description: 'The environment, READY; null where there are userErrors.',
  })
  pythonEnvironment!: PythonEnvironment | null;
}

@ObjectType({
  simpleResolvers: true,
  implements: Payload,
  description: 'What `pythonEnvironmentDelete` answers.',
})
export class PythonEnvironmentDeletePayload extends Payload {
  @Field(() => ID, {
    nullable: true,
    description: 'The id of the removed environment; null where there are userErrors.',
  })
  deletedPythonEnvironmentId!: string | null;
}
