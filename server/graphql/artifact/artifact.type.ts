import { Field, Float, ObjectType } from 'type-graphql';
import { NodeInterface } from '../relay/node.type.ts';

@ObjectType({
  simpleResolvers: true,
  implements: NodeInterface,
  description:
    'A file that a node saved, such as a figure of matplotlib, an argument of `save_artifact` or a response of `http`; or one that a client uploaded.',
})
export class Artifact extends NodeInterface {
  @Field(() => String, {
    description: 'The name of the file, such as `figure-1.png`; two may have the same.',
  })
  name!: string;

  @Field(() => String, { description: 'As the code declared it, or as the file extension implies.' })
  mimeType!: string;

  @Field(() => Float, { description: 'At most 10 MiB.' })
  sizeBytes!: number;

  @Field(() => String, {
    description:
      'A path on this server, such as `/artifacts/art_…`, where a GET downloads it. The token, where the server has one, goes into the `Authorization` header.',
  })
  url!: string;
}
