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

interface Place {
  /** Of the innermost declaration. */
  ref: string;
  /** Within an object or an array a type may name itself. */
  isApart: boolean;
  /** In the rest of a tuple it may not, until there is an object between. */
  isRest: boolean;
}

/**
 * TypeScript from JSON Schema (2020-12), by hand: the libraries for it are made for draft 4 and bring a formatter, a
 * YAML parser and a reader of files into every project that installs the client.
 *
 * What TypeScript cannot say (`pattern`, `minimum`, `not`, `if`) is left out, so a type may allow more than its schema,
 * and hardly less: an object with properties is taken to have no others unless its schema speaks of them, because a
 * misspelt name is worth an error of the compiler.
 */
export class SchemaTypes {
  /** `interface …` and `type …`, in the order of their first mention. */
  readonly declarations: string[] = [];
  private readonly declared = new Map<string, string>();
  /** Where we are: in which declaration, and whether a name may stand here that leads back to that. */
  private place: Place = { ref: '#', isApart: false, isRest: false };
  /** Which declarations each one names where its own name may not stand. */
  private readonly named = new Map<string, Set<string>>();

  /** For one schema document, which is what `$ref`s point into. Definitions are named after `name`. */
  constructor(
    private readonly names: UniqueNames,
    private readonly name: string,
    private readonly root: unknown,
  ) {}

  /** Declares the whole schema, and gives the name it has got. */
  declareRoot(): string {
    return this.declare('#', this.name, this.root);
  }

  private declare(ref: string, wanted: string, schema: unknown): string {
    const name = this.names.take(wanted);
    this.declared.set(ref, name);
    const place = this.declarations.push('') - 1;
    const start = { ref, isApart: false, isRest: false };
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
    const { ref: from, isApart } = this.place;
    if (!isApart) {
      if (this.leads($ref, from)) return unknownType;
      this.named.set(from, (this.named.get(from) ?? new Set()).add($ref));
    }
    const known = this.declared.get($ref);
    if (known !== undefined) return single(known);
    const target = lookUp(this.root, $ref);
    if (target === undefined) return unknownType;
    return single(this.declare($ref, `${this.name}${pascalCase($ref.split('/').at(-1)!)}`, target));
  }

  /** A type that leads to itself with nothing between is none: `type A = B | string; type B = A`. */
  private leads(from: string, to: string): boolean {
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
        return this.within({ ...this.place, isApart: !this.place.isRest }, () =>
          this.arrayType(schema, indent),
        );
      case 'object':
        return this.within({ ...this.place, isApart: true, isRest: false }, () =>
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
    const restPlace = { ...this.place, isApart: false, isRest: true };
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
      const told = comment(descriptionOf(own), inner);
      return `${told}${inner}${propertyName(name)}${required ? '' : '?'}: ${type.text};\n`;
    });
    const others = otherProperties(schema, properties.length === 0).map((each) => this.typeOf(each, inner));
    if (others.length > 0) {
      // TypeScript wants the named properties to fit the type of all the others.
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
  // A schema that speaks of properties or items is written for objects or lists, though it lets all else pass.
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
  const wanted = new Set(Array.isArray(required) ? required.map(String) : []);
  for (const name of wanted) if (!schemas.has(name)) schemas.set(name, true);
  return [...schemas].map(([name, schema]) => ({ name, required: wanted.has(name), schema }));
}

/** The schemas of the properties that are not named. */
function otherProperties({ additionalProperties, patternProperties }: Schema, nameless: boolean): unknown[] {
  const patterns = isObject(patternProperties) ? Object.values(patternProperties) : [];
  const open = additionalProperties ?? (nameless && patterns.length === 0);
  return open === false ? patterns : [...patterns, open];
}

/** What a `$ref` within the document points at. */
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
