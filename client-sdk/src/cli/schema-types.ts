import { comment, pascalCase, propertyName, type UniqueNames } from './names.ts';
import {
  alone,
  arrayOf,
  emptyObject,
  intersection,
  literal,
  neverType,
  single,
  type Type,
  union,
  unknownType,
} from './types.ts';

type Schema = Record<string, unknown>;

/** Where in the schema a type is being made. */
interface Place {
  /** The reference of the innermost declaration. */
  ref: string;
  /** Whether a type may name itself here: within an object or an array. */
  allowsSelf: boolean;
  /** Whether this is the rest of a tuple, where arrays do not allow that, only objects. */
  isRest: boolean;
}

/**
 * TypeScript from JSON Schema (2020-12). Own code: the libraries for it are made for draft 4, and bring a formatter and a
 * file reader into every project that installs the client.
 *
 * What TypeScript cannot express (`pattern`, `minimum`, `not`, `if`) is left out, so a type may allow more than its
 * schema. A type allows less in one case: an object with properties has no others unless its schema mentions others, so
 * that the compiler reports a misspelt name.
 */
export class SchemaTypes {
  /** `interface …` and `type …`, in the order of first use. */
  readonly declarations: string[] = [];
  private readonly declared = new Map<string, string>();
  private place: Place = { ref: '#', allowsSelf: false, isRest: false };
  /** For each declaration, those that it names where a type may not name itself. */
  private readonly named = new Map<string, Set<string>>();

  /** For one schema document, which `$ref`s refer to. The names of definitions begin with `name`. */
  constructor(
    private readonly names: UniqueNames,
    private readonly name: string,
    private readonly root: unknown,
  ) {}

  /** Declares the whole schema and returns its name. */
  declareRoot(): string {
    return this.declare('#', this.name, this.root);
  }

  private declare(ref: string, proposed: string, schema: unknown): string {
    const name = this.names.assign(proposed);
    this.declared.set(ref, name);
    const place = this.declarations.push('') - 1;
    const start = { ref, allowsSelf: false, isRest: false };
    const { text, form } = this.within(start, () => this.typeOf(schema, ''));
    const definition = form === 'object' ? `interface ${name} ${text}` : `type ${name} = ${text};`;
    this.declarations[place] = `${comment(descriptionOf(schema))}export ${definition}\n`;
    return name;
  }

  private within<T>(place: Place, make: () => T): T {
    const outer = this.place;
    this.place = place;
    const made = make();
    this.place = outer;
    return made;
  }

  private typeOf(schema: unknown, indent: string): Type {
    if (schema === false) return neverType;
    if (!isObject(schema)) return unknownType;
    return intersection([
      this.reference(schema),
      ...literals(schema),
      ...this.combinations(schema, indent),
      this.ownType(schema, indent),
    ]);
  }

  private reference({ $ref }: Schema): Type {
    if (typeof $ref !== 'string') return unknownType;
    const { ref: from, allowsSelf } = this.place;
    if (!allowsSelf) {
      if (this.reaches($ref, from)) return unknownType;
      this.named.set(from, (this.named.get(from) ?? new Set()).add($ref));
    }
    const known = this.declared.get($ref);
    if (known !== undefined) return single(known);
    const target = lookUp(this.root, $ref);
    if (target === undefined) return unknownType;
    return single(this.declare($ref, `${this.name}${pascalCase($ref.split('/').at(-1)!)}`, target));
  }

  /** TypeScript refuses a type that reaches itself directly: `type A = B | string; type B = A`. */
  private reaches(from: string, to: string): boolean {
    const reached = new Set([from]);
    for (const ref of reached) for (const next of this.named.get(ref) ?? []) reached.add(next);
    return reached.has(to);
  }

  private combinations({ allOf, anyOf, oneOf }: Schema, indent: string): Type[] {
    const types = (list: unknown[]) => list.map((each) => this.typeOf(each, indent));
    return [
      ...(Array.isArray(allOf) ? types(allOf) : []),
      ...[anyOf, oneOf].filter(Array.isArray).map((list) => union(types(list))),
    ];
  }

  private ownType(schema: Schema, indent: string): Type {
    const kinds = 'const' in schema || 'enum' in schema ? [] : kindsOf(schema);
    if (kinds.length === 0) return unknownType;
    return union(kinds.map((kind) => this.typeOfKind(kind, schema, indent)));
  }

  private typeOfKind(kind: unknown, schema: Schema, indent: string): Type {
    switch (kind) {
      case 'string':
      case 'boolean':
      case 'null':
        return single(kind);
      case 'number':
      case 'integer':
        return single('number');
      case 'array':
        return this.within({ ...this.place, allowsSelf: !this.place.isRest }, () =>
          this.arrayType(schema, indent),
        );
      case 'object':
        return this.within({ ...this.place, allowsSelf: true, isRest: false }, () =>
          this.objectType(schema, indent),
        );
      default:
        return unknownType;
    }
  }

  private arrayType({ items, prefixItems, minItems }: Schema, indent: string): Type {
    if (!Array.isArray(prefixItems)) return arrayOf(this.typeOf(items, indent));
    const least = typeof minItems === 'number' ? minItems : 0;
    const elements = prefixItems.map((each, index) => {
      const type = this.typeOf(each, indent);
      return index < least ? type.text : `${alone(type)}?`;
    });
    if (items === false) return single(`[${elements.join(', ')}]`);
    const restPlace = { ...this.place, allowsSelf: false, isRest: true };
    const rest = this.within(restPlace, () => arrayOf(this.typeOf(items, indent)));
    return single(`[${[...elements, `...${rest.text}`].join(', ')}]`);
  }

  private objectType(schema: Schema, indent: string): Type {
    const inner = `${indent}  `;
    const properties = propertiesOf(schema).map((property) => ({
      ...property,
      type: this.typeOf(property.schema, inner),
    }));
    const lines = properties.map(({ name, required, schema: own, type }) => {
      const doc = comment(descriptionOf(own), inner);
      return `${doc}${inner}${propertyName(name)}${required ? '' : '?'}: ${type.text};\n`;
    });
    const others = otherProperties(schema, properties.length === 0).map((each) => this.typeOf(each, inner));
    if (others.length > 0) {
      // TypeScript requires that the named properties match the index signature.
      const named = properties.flatMap(({ type, required }) => (required ? [type] : [type, undefinedType]));
      lines.push(`${inner}[key: string]: ${union([...others, ...named]).text};\n`);
    }
    if (lines.length === 0) return single(emptyObject);
    return { text: `{\n${lines.join('')}${indent}}`, form: 'object' };
  }
}

const undefinedType = single('undefined');

function kindsOf(schema: Schema): unknown[] {
  if (schema.type !== undefined) {
    const kinds = [schema.type].flat();
    return schema.nullable === true ? [...kinds, 'null'] : kinds;
  }
  // A schema that mentions properties or items means objects or lists, though it allows other values too.
  const ofObjects = ['properties', 'required', 'additionalProperties', 'patternProperties'];
  if (ofObjects.some((keyword) => keyword in schema)) return ['object'];
  return 'items' in schema || 'prefixItems' in schema ? ['array'] : [];
}

function literals(schema: Schema): Type[] {
  if ('const' in schema) return [literal(schema.const)];
  return Array.isArray(schema.enum) ? [union(schema.enum.map(literal))] : [];
}

function propertiesOf({
  properties,
  required,
}: Schema): { name: string; required: boolean; schema: unknown }[] {
  const schemas = new Map(Object.entries(isObject(properties) ? properties : {}));
  const requiredNames = new Set(Array.isArray(required) ? required.map(String) : []);
  for (const name of requiredNames) if (!schemas.has(name)) schemas.set(name, true);
  return [...schemas].map(([name, schema]) => ({ name, required: requiredNames.has(name), schema }));
}

/** The schemas of properties without a name of their own. */
function otherProperties(
  { additionalProperties, patternProperties }: Schema,
  hasNoNames: boolean,
): unknown[] {
  const patterns = isObject(patternProperties) ? Object.values(patternProperties) : [];
  const open = additionalProperties ?? (hasNoNames && patterns.length === 0);
  return open === false ? patterns : [...patterns, open];
}

/** The schema that a `$ref` within the document refers to. */
function lookUp(root: unknown, ref: string): unknown {
  if (ref !== '#' && !ref.startsWith('#/')) return undefined;
  return ref
    .split('/')
    .slice(1)
    .map(unescapePointer)
    .reduce<unknown>(
      (value, key) => (isContainer(value) && Object.hasOwn(value, key) ? value[key] : undefined),
      root,
    );
}

function unescapePointer(part: string): string {
  return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
}

function descriptionOf(schema: unknown): string {
  if (!isObject(schema)) return '';
  const lines = [schema.description, schema.deprecated === true ? '@deprecated' : undefined];
  return lines.filter((line) => typeof line === 'string').join('\n');
}

function isObject(value: unknown): value is Schema {
  return isContainer(value) && !Array.isArray(value);
}

function isContainer(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}
