import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pinnedNode, root } from './setup/project.mjs';

/**
 * `node scripts/generate-client-reference.mjs`, after a build: docs/sdk/reference.md, from the declarations and docstrings
 * of all that the client SDK exports. With `--check` it writes nothing and fails when the page is not what it would write.
 */
const page = join(root, 'docs/sdk/reference.md');
const dist = join(root, 'client-sdk/dist');

const written = format(print());
if (!process.argv.includes('--check')) {
  writeFileSync(page, written);
} else if (readFileSync(page, 'utf8') !== written) {
  console.error(`${page} is not what the docstrings give. Run \`npm run schema\`.`);
  process.exitCode = 1;
}

function print() {
  const entries = [
    ['@weft/client', 'index.d.ts'],
    ['@weft/client/react', 'react/index.d.ts'],
    ['@weft/client/define', 'define/index.d.ts'],
    ['@weft/client/testing', 'testing/index.d.ts'],
  ];
  return [
    '# Reference',
    'Generated from the docstrings of `client-sdk/src` by `npm run schema`; do not edit.',
    ...entries.flatMap(([name, file]) => [
      `## ${name}`,
      ...exportsOf(join(dist, file)).map(printDeclaration),
    ]),
    '## Data',
    'What the server is given and gives, from its schema. All of it is exported by `@weft/client` too.',
    ...dataTypes().map(printDeclaration),
  ]
    .join('\n\n')
    .concat('\n');
}

function format(text) {
  const biome = ['node_modules/@biomejs/biome/bin/biome', 'format', `--stdin-file-path=${page}`];
  return execFileSync(pinnedNode, biome, { cwd: root, input: text, encoding: 'utf8' });
}

/** The declarations that an entry exports by name, in the order of its `export … from` lines. */
function exportsOf(entry) {
  const source = readFileSync(entry, 'utf8');
  return [...source.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)';$/gm)].flatMap(
    ([, names, from]) => {
      const declarations = declarationsIn(join(dirname(entry), from.replace(/\.ts$/, '.d.ts')));
      return [...names.matchAll(/(?:type )?(\w+)/g)].map(([, name]) => {
        const found = declarations.find((each) => each.name === name);
        if (found === undefined) throw new Error(`Expected ${from} to declare ${name}.`);
        return found;
      });
    },
  );
}

function dataTypes() {
  return declarationsIn(join(dist, '_generated_operations.d.ts')).filter(
    ({ name, code }) =>
      code.startsWith('type') && !/(Query|Mutation|Subscription|Variables|Incremental|Exact)$/.test(name),
  );
}

/** A declaration begins at the margin with its docstring before it, and ends where the next one begins. */
function declarationsIn(file) {
  const source = readFileSync(file, 'utf8').replace(/\n(export \{\};|\/\/# sourceMappingURL.*)\s*$/, '\n');
  const pattern =
    /^(?:\/\*\*((?:(?!\*\/).)*)\*\/\n)?(?:export )?(?:declare )?((?:abstract )?(?:interface|type|class|function|const) (\w+).*?)(?=^(?:\/\*\*|export|declare|type|interface)|(?![\s\S]))/gms;
  return [...source.matchAll(pattern)].map(([, comment = '', code, name]) => ({
    name,
    comment: comment.replaceAll(/^ *\* ?/gm, '').trim(),
    code: code.trim(),
  }));
}

function printDeclaration({ name, comment, code }) {
  return [`### ${name}`, ...(comment === '' ? [] : [comment]), `\`\`\`ts\n${code}\n\`\`\``].join('\n\n');
}
