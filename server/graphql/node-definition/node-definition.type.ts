import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { Join as JoinName } from '../../nodes/draft.ts';
import { JsonScalar } from '../scalars.ts';
import { Join } from '../workflow/workflow.enums.ts';

@ObjectType({
  simpleResolvers: true,
  description: 'A place on a node where edges begin or end, as in React Flow.',
})
export class Handle {
  @Field(() => String, {
    description:
      'Unique among the inputs, and among the outputs, of a node: `sourceHandle` and `targetHandle` of edges name it.',
  })
  id!: string;

  @Field(() => String, { description: 'For people.' })
  label!: string;

  @Field(() => String, { nullable: true, description: 'What arrives or leaves here.' })
  description?: string | null;
}

@ObjectType({
  simpleResolvers: true,
  description: "One field of a node's configuration, with all that a form needs to draw it.",
})
export class NodeField {
  @Field(() => String, { description: 'Its key in `config`.' })
  name!: string;

  @Field(() => String, { description: 'For people.' })
  label!: string;

  @Field(() => String, {
    description: '`string`, `integer`, `number`, `boolean`, `array`, `object`, or `json` for any of them.',
  })
  type!: string;

  @Field(() => Boolean, { description: 'Whether the node cannot be saved without it.' })
  required!: boolean;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'The value that applies when the field is omitted.',
  })
  default!: unknown;

  @Field(() => Float, {
    nullable: true,
    description: 'The least number, the least characters of a string, or the least items of an array.',
  })
  min!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'The greatest number, the most characters of a string, or the most items of an array.',
  })
  max!: number | null;

  @Field(() => String, { nullable: true, description: 'What the field is for.' })
  description!: string | null;

  @Field(() => String, { nullable: true, description: 'An example to show while the field is empty.' })
  placeholder!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'How to draw the field: `text`, `textarea`, `code`, `lines` (an array with one item a line), `duration` (milliseconds, shown as seconds), `number`, `select`, `expression`, `json` or `cases`.',
  })
  widget!: string | null;

  @Field(() => [String], {
    nullable: true,
    description: 'The values that it may have, where they are few; their labels are in `uiSchema`.',
  })
  choices!: string[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'What its text is written in: `python`, `jsonata`, `json`, or `requirements` for lines that name Python packages.',
  })
  language!: string | null;
}

@ObjectType({ simpleResolvers: true, description: 'A type of node that workflows can be made of.' })
export class NodeDefinition {
  @Field(() => String, { description: 'What `type` of a workflow node names, such as `python`.' })
  type!: string;

  @Field(() => Int, { description: 'Raised when the meaning of a configuration changes.' })
  version!: number;

  @Field(() => String, { description: 'For people.' })
  label!: string;

  @Field(() => String, { description: 'What a node of this type does.' })
  description!: string;

  @Field(() => String, { description: '`flow`, `code` or `data`: for grouping in a palette.' })
  category!: string;

  @Field(() => Join, {
    nullable: true,
    description:
      'What its nodes wait for, where the type decides that: `join` of a node then has no effect. Null where each node says it.',
  })
  join!: JoinName | null;

  @Field(() => [NodeField], { description: 'The fields of its configuration, in the order of a form.' })
  fields!: NodeField[];

  @Field(() => [Handle], { description: 'Where edges may end. Empty for a node that starts a workflow.' })
  inputs!: Handle[];

  @Field(() => [Handle], {
    description:
      'Where edges may begin. Where handles depend on the configuration (`switch`): those of an empty one.',
  })
  outputs!: Handle[];

  @Field(() => Handle, {
    nullable: true,
    description:
      'Where `{ error, input }` leaves when the node fails; null for a node that cannot fail. With no edge here a failure fails the execution.',
  })
  errorHandle!: Handle | null;

  @Field(() => JsonScalar, { description: 'JSON Schema (2020-12) of `config`.' })
  configSchema!: unknown;

  @Field(() => JsonScalar, {
    description:
      'How a form shows each field: a uiSchema of react-jsonschema-form, which draws it with widgets that every theme has. `ui:options` of each field name the widget that @weft/studio draws it with: `weft`, with `language`, `unit`, `factor`, `min` and `max` where it needs them.',
  })
  uiSchema!: unknown;
}
