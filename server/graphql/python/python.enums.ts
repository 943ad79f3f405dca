import { registerEnumType } from 'type-graphql';
import { type PythonPolicy as PythonPolicyName, pythonShapes } from '../../sandbox/backend.ts';
import { enumOf } from '../enum-of.ts';

export const PythonShape = enumOf(pythonShapes);

/** The server has these names in small letters, as its setting has. */
export const PythonPolicy = { STRICT: 'strict', STANDARD: 'standard', KERNEL: 'kernel' } as const;
PythonPolicy satisfies Record<string, PythonPolicyName>;

registerEnumType(PythonPolicy, {
  name: 'PythonPolicy',
  description: 'What Python code may do. Whatever the policy, the walls of the kernel are around it.',
  valuesConfig: {
    STRICT: {
      description:
        'Code is read before it runs, and judged while it runs; `os`, `sys` and many others are blocked.',
    },
    STANDARD: {
      description:
        'As STRICT, and `os`, `sys`, `shutil`, `sqlite3`, `multiprocessing` and writing in its own folder work.',
    },
    KERNEL: { description: 'Plain Python: nothing but the kernel keeps it from anything.' },
  },
});

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
