import { registerEnumType } from 'type-graphql';
import type { Join as JoinName } from '../../nodes/draft.ts';
import { enumOf } from '../enum-of.ts';

export const Join = enumOf<JoinName>(['ALL', 'ANY']);

registerEnumType(Join, {
  name: 'Join',
  description: 'What a node waits for where several edges end.',
  valuesConfig: {
    ALL: {
      description:
        'Every input: the node starts when each has come, and is skipped as soon as one cannot come. Of alternatives for one input the first to come counts.',
    },
    ANY: {
      description:
        'Whatever comes: the node starts when all its edges are settled and at least one input has come.',
    },
  },
});
