/**
 * What the compiler checks of nodes beside their shape: a configuration has no field that its type does not have, and
 * `nodes.<key>` in templates and expressions names a node of the workflow. A text that is wrong becomes a type that says
 * so, which the text does not fit. Only texts that the compiler knows are checked.
 */
export type Checked<Nodes, Configs, Fields> = {
  [Key in keyof Nodes]: CheckedNode<Nodes[Key], keyof Nodes & string, Configs, Fields>;
};

export type DeepReadonly<Value> = Value extends URL
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : Value extends object
      ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
      : Value;

type CheckedNode<Node, Keys extends string, Configs, Fields> = Node extends {
  readonly type: infer Type extends keyof Configs & keyof Fields;
}
  ? {
      readonly [Part in keyof Node]: Part extends 'config'
        ? CheckedConfig<Node[Part], Keys, keyof Configs[Type], Fields[Type]>
        : Part extends 'forEach'
          ? CheckedTexts<Node[Part], Keys, 'expression'>
          : Node[Part];
    }
  : unknown;

type CheckedConfig<Config, Keys extends string, Names, Fields> = {
  readonly [Name in keyof Config]: Name extends Names
    ? CheckedTexts<Config[Name], Keys, Name extends keyof Fields ? Fields[Name] : 'text'>
    : never;
};

type CheckedTexts<Value, Keys extends string, Kind> = Kind extends 'text'
  ? Value
  : Value extends string
    ? CheckedText<Value, Keys, Kind>
    : Value extends URL
      ? Value
      : Value extends object
        ? { readonly [Name in keyof Value]: CheckedTexts<Value[Name], Keys, Kind> }
        : Value;

type CheckedText<Text extends string, Keys extends string, Kind> = string extends Text
  ? Text
  : Unknown<Kind extends 'expression' ? Text : Templates<Text>, Keys> extends infer Name extends string
    ? [Name] extends [never]
      ? Text
      : `No node of this workflow has the key ${Name}`
    : Text;

type Unknown<Expression extends string, Keys extends string> = Exclude<References<Expression>, Keys>;

/** What stands between `{{` and `}}`. */
type Templates<Text extends string> = Text extends `${string}{{${infer Expression}}}${infer Rest}`
  ? Expression | Templates<Rest>
  : never;

/** The keys in `nodes.<key>`, but not in `input.nodes.x` or `$nodes.x`. */
type References<Expression extends string> = Expression extends `${infer Before}nodes.${infer Rest}`
  ? (Before extends `${string}${Within}` ? never : KeyAt<Rest>) | References<Rest>
  : never;

type Within = '.' | '$' | '_' | Letter | Uppercase<Letter>;
type Letter =
  | ('a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm')
  | ('n' | 'o' | 'p' | 'q' | 'r' | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z');

/** A name, or one between backticks where it is not one word. */
type KeyAt<Text extends string> = Text extends `\`${infer Quoted}\`${string}`
  ? Quoted
  : Before<
      Text,
      [
        '.',
        ' ',
        '\n',
        '}',
        ')',
        ']',
        ',',
        '[',
        '(',
        '{',
        '+',
        '-',
        '*',
        '/',
        '&',
        '=',
        '!',
        '<',
        '>',
        '?',
        ':',
        ';',
        '~',
        '^',
        '|',
        '"',
        "'",
        '%',
        '@',
        '#',
        '\t',
        '\r',
      ]
    >;

type Before<Text extends string, Ends extends readonly string[]> = Ends extends [
  infer End extends string,
  ...infer Others extends string[],
]
  ? Before<Text extends `${infer Head}${End}${string}` ? Head : Text, Others>
  : Text;
