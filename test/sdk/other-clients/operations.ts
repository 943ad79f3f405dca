import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DocumentNode, type FragmentDefinitionNode, Kind, parse, visit } from 'graphql';
import { projectRoot } from '../../../server/shared/paths.ts';

const folder = join(projectRoot, 'schema/operations');

const { definitions } = parse(
  readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n'),
);

/** A documented operation with the fragments it uses, as a user would copy it. */
export function documented(operationName: string): DocumentNode {
  const operation = definitions.find(
    (each) => each.kind === Kind.OPERATION_DEFINITION && each.name?.value === operationName,
  );
  if (operation === undefined) throw new Error(`${operationName} is not documented in schema/operations`);
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation] };
  return { ...document, definitions: [operation, ...fragmentsOf(document)] };
}

function fragmentsOf(document: DocumentNode, found = new Set<FragmentDefinitionNode>()) {
  visit(document, {
    FragmentSpread({ name }) {
      const fragment = definitions.find(
        (each) => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name.value,
      ) as FragmentDefinitionNode;
      if (found.has(fragment)) return;
      found.add(fragment);
      fragmentsOf({ kind: Kind.DOCUMENT, definitions: [fragment] }, found);
    },
  });
  return found;
}
