import { Field, Int, ObjectType } from 'type-graphql';
import type { PythonPolicy as PythonPolicyName } from '../../sandbox/backend.ts';
import { PythonPolicy } from '../python/python.enums.ts';
import { DateTimeScalar } from '../scalars.ts';

@ObjectType({ simpleResolvers: true, description: 'Why Python cannot be run on this host, and the way out.' })
export class SandboxProblem {
  @Field(() => String, { description: '`PYTHON_NOT_FOUND` or `PYTHON_SANDBOX_UNAVAILABLE`.' })
  code!: string;

  @Field(() => String, { description: 'What is missing.' })
  message!: string;

  @Field(() => String, { description: 'What to do about it.' })
  remedy!: string;
}

@ObjectType({ simpleResolvers: true, description: 'One part of the walls around Python code.' })
export class SandboxWall {
  @Field(() => String, { description: 'What it is.' })
  name!: string;

  @Field(() => Boolean, { description: 'Whether it holds on this host.' })
  inForce!: boolean;

  @Field(() => String, { description: 'How it is done, or how to get it.' })
  detail!: string;
}

@ObjectType({ simpleResolvers: true, description: 'A sandbox service that Python nodes run on.' })
export class SandboxService {
  @Field(() => String, { description: 'Its URL, with its address where the name has several.' })
  url!: string;

  @Field(() => Boolean, { description: 'Whether the service accepts runs now.' })
  isUp!: boolean;

  @Field(() => String, { nullable: true, description: 'Why not; null when it does.' })
  problem!: string | null;

  @Field(() => Int, { description: "Active runs, by the service's last report." })
  running!: number;

  @Field(() => Int, { description: 'Runs that wait for their turn, by its last report.' })
  waiting!: number;

  @Field(() => Int, { description: 'How many runs can be active at once.' })
  max!: number;
}

@ObjectType({ simpleResolvers: true, description: 'Where Python nodes run.' })
export class SandboxInfo {
  @Field(() => Boolean, { description: 'Whether Python can be run.' })
  available!: boolean;

  @Field(() => SandboxProblem, { nullable: true, description: 'Why not; null when it can.' })
  problem!: SandboxProblem | null;

  @Field(() => String, { nullable: true, description: 'Such as `3.11.2`.' })
  pythonVersion!: string | null;

  @Field(() => PythonPolicy, {
    description:
      'The loosest that Python code may have here (PYTHON_POLICY), which it has where it asks for none.',
  })
  policy!: PythonPolicyName;

  @Field(() => [String], {
    description:
      'The hosts that nodes may name in `hosts` (PYTHON_ALLOWED_HOSTS): none where it is empty, every public one with `*`. A sandbox service has a list of its own besides.',
  })
  allowedHosts!: readonly string[];

  @Field(() => [SandboxWall], { description: 'What is in force around each run, and what is not.' })
  walls!: SandboxWall[];

  @Field(() => [SandboxService], {
    description: 'The sandbox services in use; empty where Python runs in the server itself.',
  })
  services!: SandboxService[];
}

@ObjectType({ simpleResolvers: true, description: 'Which Python packages workflows may use here.' })
export class PackageInfo {
  @Field(() => [String], {
    nullable: true,
    description:
      'The only packages that a node may require (PYTHON_ALLOWED_PACKAGES); null where all are allowed.',
  })
  allowed!: readonly string[] | null;

  @Field(() => [String], {
    description: 'Packages that are never installed, not even for others (PYTHON_BLOCKED_PACKAGES).',
  })
  blocked!: readonly string[];

  @Field(() => String, {
    description:
      '`asked`: `allowed` applies to the requirements of a node; `all`: also to everything that those depend on.',
  })
  allowedCover!: 'asked' | 'all';

  @Field(() => Boolean, {
    description: 'Whether packages without a wheel may be built, which runs their code.',
  })
  sourceBuilds!: boolean;

  @Field(() => Boolean, { description: 'Whether packages come from wheels at hand alone.' })
  noIndex!: boolean;

  @Field(() => Int, { description: 'Environments not used for longest are removed beyond this; MiB.' })
  maxEnvironmentsMb!: number;
}

@ObjectType({ simpleResolvers: true, description: 'The server that answers.' })
export class ServerInfo {
  @Field(() => String, { description: 'The version of Weft.' })
  version!: string;

  @Field(() => [String], { description: 'What this process does: `api`, `worker`, `sandbox`.' })
  roles!: readonly string[];

  @Field(() => DateTimeScalar, { description: 'When this process started.' })
  startedAt!: Date;

  @Field(() => String, { description: 'The version of its database.' })
  postgresVersion!: string;

  @Field(() => SandboxInfo, { description: 'Where Python nodes run.' })
  sandbox!: SandboxInfo;

  @Field(() => PackageInfo, { description: 'Which Python packages workflows may use here.' })
  packages!: PackageInfo;
}
