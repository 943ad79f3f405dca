import { Field, ID, InterfaceType } from 'type-graphql';

@InterfaceType('Node', { description: 'Anything that `node(id:)` can fetch again by its id.' })
export abstract class NodeInterface {
  @Field(() => ID, {
    description:
      'Opaque, unique among all objects; its prefix (`wf_`, `exec_`, `art_`) shows people the kind.',
  })
  id!: string;
}
