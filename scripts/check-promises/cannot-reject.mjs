import { SyntaxKind } from 'typescript/unstable/ast';

const MARK = /\b(cannot reject|has a listener)\b[^:\n]*: \S/i;

/** Whether the promise of an expression cannot reject, as far as its form, its declaration or a comment says. */
export function makeCannotReject(project) {
  const { checker } = project;
  return (expression) => isMarked(statementOf(expression)) || isSafe(expression);

  function isSafe(expression) {
    switch (expression.kind) {
      case SyntaxKind.ParenthesizedExpression:
        return isSafe(expression.expression);
      case SyntaxKind.NewExpression:
        return hasNoReject(expression);
      case SyntaxKind.Identifier:
      case SyntaxKind.PropertyAccessExpression:
        return isSymbolSafe(checker.getSymbolAtLocation(expression));
      case SyntaxKind.CallExpression:
        return (
          isSafeMethod(expression) || isDeclaredSafe(checker.getResolvedSignature(expression)?.declaration)
        );
      default:
        return false;
    }
  }

  /** What a synchronous callback of `then` throws is not looked for. */
  function isSafeMethod({ expression: callee, arguments: args }) {
    if (callee.kind !== SyntaxKind.PropertyAccessExpression) return false;
    if (['Promise.allSettled', 'Promise.resolve'].includes(callee.getText())) return true;
    switch (callee.name.text) {
      case 'catch':
        return args.length === 1;
      case 'then':
        return args.length === 2 || (!isAsync(args[0]) && isSafe(callee.expression));
      case 'finally':
        return !isAsync(args[0]) && isSafe(callee.expression);
      default:
        return false;
    }
  }

  function isSymbolSafe(symbol) {
    return symbol?.declarations.some(isDeclaredSafe) ?? false;
  }

  /** Of a function that is not async, the promise is the one that its last statement returns. */
  function returnsSafe(declaration) {
    const { kind, expression } = declaration.body?.statements?.at(-1) ?? {};
    return kind === SyntaxKind.ReturnStatement && expression && !isAsync(declaration) && isSafe(expression);
  }

  function isDeclaredSafe(handle) {
    const declaration = handle?.resolve(project);
    if (declaration === undefined) return false;
    if (declaration.kind === SyntaxKind.BindingElement) {
      const { text } = declaration.propertyName ?? declaration.name;
      return isSymbolSafe(checker.getPropertyOfType(checker.getTypeAtLocation(declaration.parent), text));
    }
    const { body, initializer } = declaration;
    return (
      isMarked(declaration) ||
      isMarked(statementOf(declaration)) ||
      catchesAll(body) ||
      returnsSafe(declaration) ||
      (declaration.kind === SyntaxKind.ArrowFunction && isSafe(body)) ||
      (initializer !== undefined && isSafe(initializer))
    );
  }
}

/** `new Promise((resolve) => …)`. */
function hasNoReject({ expression, arguments: args }) {
  return expression.text === 'Promise' && args[0]?.parameters?.length === 1;
}

/** A body that is one `try` with a `catch` and without a `finally`. */
function catchesAll(body) {
  const [statement, ...others] = body?.statements ?? [];
  if (statement?.kind !== SyntaxKind.TryStatement || others.length > 0) return false;
  return statement.catchClause !== undefined && statement.finallyBlock === undefined;
}

function isAsync(callback) {
  return callback.modifiers?.some(({ kind }) => kind === SyntaxKind.AsyncKeyword) ?? false;
}

function statementOf(node) {
  let statement = node;
  while (!isStatement(statement)) statement = statement.parent;
  return statement;
}

function isStatement({ kind, parent }) {
  return (
    parent === undefined || // the file
    parent.statements !== undefined ||
    kind === SyntaxKind.ExpressionStatement ||
    kind === SyntaxKind.PropertyDeclaration
  );
}

/** Above it, or behind it in its last line; what stands behind the statement before is not its own. */
function isMarked(node) {
  const { text } = node.getSourceFile();
  const above = text.slice(node.pos, node.getStart()).replace(/^.*/, '');
  const behind = text.slice(node.end, text.indexOf('\n', node.end));
  return MARK.test(above) || MARK.test(behind);
}
