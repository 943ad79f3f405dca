import { registerEnumType } from 'type-graphql';
import type {
  Join as JoinName,
  OnFailure as OnFailureName,
  OnItemError as OnItemErrorName,
  WhenFull as WhenFullName,
} from '../../nodes/draft.ts';
import { enumOf } from '../enum-of.ts';

export const OnItemError = enumOf<OnItemErrorName>(['FAIL', 'SKIP', 'COLLECT']);
export const OnFailure = enumOf<OnFailureName>(['FAIL', 'PARK']);
export const WhenFull = enumOf<WhenFullName>(['QUEUE', 'DROP', 'REPLACE']);
export const Join = enumOf<JoinName>(['ALL', 'ANY']);

registerEnumType(OnFailure, {
  name: 'OnFailure',
  description: 'What the failure of a node means that no edge handles.',
  valuesConfig: {
    FAIL: { description: 'The execution fails, and what runs is cancelled.' },
    PARK: { description: 'The node waits until somebody resumes the execution (`executionResume`).' },
  },
});

registerEnumType(WhenFull, {
  name: 'WhenFull',
  description: 'What becomes of a start when as many executions are under way as may be.',
  valuesConfig: {
    QUEUE: {
      description: 'It waits until one has ended: those of the highest priority first, then the oldest.',
    },
    DROP: { description: 'It is refused with CONCURRENCY_LIMIT.' },
    REPLACE: { description: 'The oldest is cancelled, and it starts when that one has ended.' },
  },
});

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

registerEnumType(OnItemError, {
  name: 'OnItemError',
  description: 'What an item of a `forEach` that has failed, after its retries, means for the list.',
  valuesConfig: {
    FAIL: {
      description:
        'The node fails at once with the error of the item: no further item starts, and running ones are cancelled. On the error handle `error.succeeded` has what had succeeded.',
    },
    SKIP: { description: 'The output of the item is left out.' },
    COLLECT: {
      description:
        'The output has an object for each item, in order: `{ ok: true, output }`, or `{ ok: false, error, input }`.',
    },
  },
});
