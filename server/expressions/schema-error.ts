import type { ErrorObject } from 'ajv/dist/2020.js';
import { describeValue, listNames, preview } from '../shared/describe-value.ts';
import { closestName } from '../shared/did-you-mean.ts';

/** Where a value does not fit its schema, in words: the only place that words what Ajv finds. */
export interface SchemaError {
  /** Of the place, also where nothing is there yet. */
  path: string[];
  /** What the schema calls the place. */
  title: string | null;
  /** After the name of the place, such as `is needed` or `must be an integer, got the string "three"`. */
  problem: string;
}

/** `Customer is needed`; by its path where the schema gives the place no title, or in all cases where `by` says so. */
export function sentenceOf(
  { path, title, problem }: SchemaError,
  { root, by }: { root: string; by: 'title' | 'path' },
): string {
  const place = path.length === 0 ? root : `\`${path.join('.')}\``;
  return `${(by === 'title' ? title : null) ?? place} ${problem}`;
}

/** @param error of an Ajv with `verbose` */
export function toSchemaError(error: ErrorObject): SchemaError {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const { keyword, params, parentSchema, data } = error;
  if (keyword === 'required' || keyword === 'dependentRequired') {
    const name = params.missingProperty as string;
    const title = titleOf(parentSchema?.properties?.[name]);
    return { path: [...path, name], title, problem: `is needed${reasonOf(error, name)}` };
  }
  return { path, title: titleOf(parentSchema), problem: `${expectation(error)}, got ${describeValue(data)}` };
}

/** Errors that another one says better. */
export function isRepeated({ keyword, propertyName }: ErrorObject): boolean {
  return propertyName !== undefined && keyword !== 'propertyNames';
}

/** Why a property is needed where that is not plain, and the one that may have been meant for it. */
function reasonOf({ keyword, params, parentSchema, data }: ErrorObject, name: string): string {
  if (keyword === 'dependentRequired') return ` where there is \`${params.property}\``;
  const known = parentSchema?.properties ?? {};
  const others = Object.keys(data ?? {}).filter((key) => !Object.hasOwn(known, key));
  const meant = closestName(name, others.slice(0, 100));
  return meant === undefined ? '' : `; there is \`${meant}\``;
}

/** Ajv's own words leave out the values that matter, or are for programmers. */
function expectation({ keyword, params, message }: ErrorObject): string {
  const { limit } = params;
  switch (keyword) {
    case 'type':
      return `must be ${[params.type].flat().map(typeInWords).join(' or ')}`;
    case 'enum':
      return `must be one of ${listNames(params.allowedValues.map(preview))}`;
    case 'const':
      return `must be ${preview(params.allowedValue)}`;
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${count(limit, 'character')}`;
    case 'pattern':
      return `must match the pattern ${preview(params.pattern)}`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'exclusiveMinimum':
      return `must be more than ${limit}`;
    case 'exclusiveMaximum':
      return `must be less than ${limit}`;
    case 'multipleOf':
      return `must be a multiple of ${params.multipleOf}`;
    case 'minItems':
      return `must have at least ${count(limit, 'item')}`;
    case 'maxItems':
    case 'items':
      return `must have at most ${count(limit, 'item')}`;
    case 'uniqueItems':
      return `must have no item twice, and items ${params.j} and ${params.i} are equal`;
    case 'contains':
      return `must have at least ${count(params.minContains, 'item')} as \`contains\` has it`;
    case 'minProperties':
      return `must have at least ${count(limit, 'property', 'properties')}`;
    case 'maxProperties':
      return `must have at most ${count(limit, 'property', 'properties')}`;
    case 'propertyNames':
      return `must not have the property ${preview(params.propertyName)}, whose name does not fit`;
    case 'additionalProperties':
      return `must not have the property ${preview(params.additionalProperty)}`;
    case 'unevaluatedProperties':
      return `must not have the property ${preview(params.unevaluatedProperty)}`;
    case 'anyOf':
      return 'must fit one of several schemas';
    case 'oneOf':
      return params.passingSchemas
        ? 'must fit one of several schemas, not two'
        : 'must fit one of several schemas';
    case 'not':
      return 'must not fit the schema of `not`';
    case 'if':
      return `must fit the schema of \`${params.failingKeyword}\``;
    case 'false schema':
      return 'must not be there';
    default:
      return message ?? 'must fit its schema';
  }
}

function typeInWords(type: string): string {
  if (type === 'null') return type;
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function titleOf(schema: unknown): string | null {
  const title = (schema as { title?: unknown } | null | undefined)?.title;
  return typeof title === 'string' && title.trim() !== '' ? title.slice(0, 80) : null;
}

function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
