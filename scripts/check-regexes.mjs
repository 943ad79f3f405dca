import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkSync } from 'recheck';
import { SyntaxKind } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';
import { root } from './setup/project.mjs';

/**
 * `node scripts/check-regexes.mjs` finds regular expressions of the server and of the client SDK that may take more
 * than linear time: with them, text from outside would stop the event loop. recheck decides, from the pattern alone. A better
 * pattern has no two neighbouring quantifiers that match the same character, or is anchored; a tokenizer needs neither.
 * A pattern that is put together at run time is a fault too, unless a comment above says why it is linear:
 * `// linear: <why>`.
 */
const STACK = '--stack-size=8000'; // recheck in pure JavaScript, where there is no program for the platform, needs it.
if (!process.execArgv.includes(STACK)) {
  const { status } = spawnSync(process.execPath, [STACK, fileURLToPath(import.meta.url)], {
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

const faults = patterns().flatMap(faultOf);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

function faultOf({ place, source, flags }) {
  if (source === null) return [`${place} a pattern made at run time: say why it is linear, \`// linear: …\``];
  const { status, complexity, error } = checkSync(source, flags, { timeout: 60_000 });
  if (status === 'safe') return [];
  const why =
    status === 'vulnerable' ? `takes ${complexity.summary} time` : `was not understood (${error.kind})`;
  return [`${place} ${why}: /${source}/${flags}`];
}

function patterns() {
  const api = new API({ cwd: root });
  try {
    const openProjects = ['tsconfig.json', 'client-sdk/tsconfig.json'].map((path) => join(root, path));
    const found = new Map();
    for (const { rootFiles, program } of api.updateSnapshot({ openProjects }).getProjects()) {
      const files = rootFiles.filter((name) => /^(server|client-sdk\/src)\//.test(relative(root, name)));
      for (const pattern of files.flatMap((name) => patternsIn(program.getSourceFile(name))))
        found.set(`${pattern.place} ${pattern.source}`, pattern);
    }
    return [...found.values()];
  } finally {
    api.close();
  }
}

function patternsIn(file) {
  const lines = file.text.split('\n');
  const found = [];
  const visit = (node) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    const place = `${relative(root, file.fileName)}:${line + 1}`;
    if (node.kind === SyntaxKind.RegularExpressionLiteral) {
      const end = node.text.lastIndexOf('/');
      found.push({ place, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    } else if (node.kind === SyntaxKind.NewExpression && node.expression.text === 'RegExp') {
      if (!lines[line - 1]?.includes('// linear: ')) found.push({ place, source: null });
    }
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}
