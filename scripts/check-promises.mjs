import { join, relative, resolve } from 'node:path';
import { API } from 'typescript/unstable/sync';
import { makeCannotReject } from './check-promises/cannot-reject.mjs';
import { isListenedTo } from './check-promises/listener.mjs';
import { promisesOf } from './check-promises/promises.mjs';
import { root } from './setup/project.mjs';

/**
 * `node scripts/check-promises.mjs [tsconfig …]` finds promises that may reject with nobody listening, which ends the
 * process. oxlint finds those that no variable holds; it does not find these:
 * - a variable whose promise has no listener before the next `await`, `yield` or the end of its function;
 * - `void call()` of a function that may reject.
 * It leaves out test files: jest fails a test in which a promise rejects without a listener.
 * Where this check does not see why a promise is harmless, a comment above the statement, or above the called function,
 * says so: `// cannot reject: <why>`, or `// has a listener: <where>`.
 *
 * It uses the API of the compiler that package.json pins; TypeScript calls that API unstable, so an upgrade may change it.
 */
const named = process.argv.slice(2).map((path) => resolve(path));
const openProjects =
  named.length > 0 ? named : ['tsconfig.json', 'client-sdk/tsconfig.json'].map((path) => join(root, path));

const api = new API({ cwd: root });
try {
  const faults = api.updateSnapshot({ openProjects }).getProjects().flatMap(faultsOf);
  for (const fault of new Set(faults)) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  api.close();
}

function faultsOf(project) {
  const cannotReject = makeCannotReject(project);
  return project.rootFiles
    .filter((name) => !name.includes('/_generated_') && !name.endsWith('.test.ts'))
    .flatMap((name) => {
      const { held, voided } = promisesOf(project.checker, project.program.getSourceFile(name));
      return [
        ...held
          .filter((promise) => !isListenedTo(promise) && !cannotReject(promise.expression))
          .map(({ name, statement }) =>
            faultAt(statement, `\`${name}\` may reject before anybody listens: await it or catch it here`),
          ),
        ...voided
          .filter((expression) => !cannotReject(expression))
          .map((expression) => faultAt(expression, '`void` on a promise that may reject: catch it here')),
      ];
    });
}

function faultAt(node, message) {
  const file = node.getSourceFile();
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart());
  return `${relative(root, file.fileName)}:${line + 1}:${character + 1} ${message}`;
}
