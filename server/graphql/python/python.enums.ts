import { registerEnumType } from 'type-graphql';
import { pythonShapes } from '../../sandbox/backend.ts';
import { enumOf } from '../enum-of.ts';

export const PythonShape = enumOf(pythonShapes);

registerEnumType(PythonShape, {
  name: 'PythonShape',
  description: 'In which shape Python code comes. Code with two shapes at once does not run.',
  valuesConfig: {
    SCRIPT: { description: 'Sets `result`, or ends with an expression.' },
    RETURN: { description: 'Returns its result at top level.' },
    AWAIT: { description: 'Awaits at top level; its result is that of a script.' },
    MAIN: {
      description:
        'Defines `main`, which nothing in it calls: `main` is called with the fields of the input, by name, and returns the result.',
    },
  },
});
