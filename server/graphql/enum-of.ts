/** The names of an enum as the object that type-graphql expects. */
export function enumOf<const T extends string>(names: readonly T[]): { readonly [K in T]: K } {
  return Object.fromEntries(names.map((name) => [name, name])) as { [K in T]: K };
}
