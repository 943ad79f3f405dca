import { getNamedType } from 'graphql';

/**
 * codegen leaves the schema's descriptions out of the types of results. This writes them in, a field a line, so that
 * editors and the reference show them.
 */
export function describeFields(code, schema, fragments) {
  return code.replaceAll(/^((?:export )?type (\w+) = )([^;]*;)$/gm, (whole, head, name, body) => {
    const root = rootOf(name, schema, fragments);
    return root === undefined ? whole : head + describeBody(body, root);
  });
}

/** The GraphQL type that a generated type is made of; undefined for those that are no results. */
function rootOf(name, schema, fragments) {
  const member = /^\w+_(\w+)_Fragment$/.exec(name);
  if (member !== null) return schema.getType(member[1]);
  const fragment = fragments.get(/^(\w+)Fragment$/.exec(name)?.[1]);
  if (fragment !== undefined) return schema.getType(fragment.typeCondition.name.value);
  return schema.getType(/(Query|Mutation|Subscription)$/.exec(name)?.[1] ?? '');
}

/** Follows the braces of a type, and knows of each which GraphQL type it describes. */
function describeBody(body, root) {
  const parents = [];
  let next = root;
  return body.replaceAll(/\{\s*|,?\s*\}|,\s*(?=\w+\??: )|(\w+)(\??: )/g, (token, name, colon) => {
    const indent = '  '.repeat(parents.length);
    if (token.startsWith('{')) {
      parents.push(next);
      return '{\n';
    }
    if (token.endsWith('}')) {
      next = parents.pop(); // another member of a union may follow
      return `;\n${'  '.repeat(parents.length)}}`;
    }
    if (token.startsWith(',')) return ';\n';
    const field = parents.at(-1).getFields()[name];
    if (field !== undefined) next = getNamedType(field.type);
    const text = field?.description?.replaceAll(/\s+/g, ' ');
    return `${text ? `${indent}/** ${text} */\n` : ''}${indent}${name}${colon}`;
  });
}
