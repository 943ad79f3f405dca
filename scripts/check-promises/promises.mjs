import { isAwaitExpression, isIdentifier, isVoidExpression, SyntaxKind } from 'typescript/unstable/ast';

/**
 * The promises that a file makes and does not await at once. `held`: the variable's name, the expression that makes the
 * promise, and the statement that it stands in. `voided`: operands of `void`.
 */
export function promisesOf(checker, file) {
  const candidates = [];
  const visit = (node) => {
    const candidate = heldIn(node) ?? (isVoidExpression(node) ? { expression: node.expression } : undefined);
    if (candidate !== undefined && makesPromise(candidate.expression)) candidates.push(candidate);
    node.forEachChild(visit);
  };
  visit(file);
  const types = checker.getTypeAtLocation(candidates.map(({ expression }) => expression));
  const promises = candidates.filter((_, index) => isPromise(checker, types[index]));
  return {
    held: promises.filter(({ name }) => name !== undefined),
    voided: promises.filter(({ name }) => name === undefined).map(({ expression }) => expression),
  };
}

/** `const name = expression` or `name = expression;`. */
function heldIn(node) {
  if (node.kind === SyntaxKind.VariableDeclaration && isIdentifier(node.name) && node.initializer) {
    const statement = node.parent.parent;
    if (statement.kind !== SyntaxKind.VariableStatement) return undefined; // the head of a loop
    return { name: node.name.text, expression: node.initializer, statement };
  }
  if (node.kind !== SyntaxKind.ExpressionStatement) return undefined;
  const { kind, left, operatorToken, right } = node.expression;
  if (kind !== SyntaxKind.BinaryExpression || !isIdentifier(left)) return undefined;
  if (operatorToken.kind !== SyntaxKind.EqualsToken) return undefined;
  return { name: left.text, expression: right, statement: node };
}

/** A name or a property gives a promise that was made elsewhere, where it has its listener. */
function makesPromise(expression) {
  return !isAwaitExpression(expression) && !isReference(expression);
}

function isReference({ kind }) {
  return (
    kind === SyntaxKind.Identifier ||
    kind === SyntaxKind.PropertyAccessExpression ||
    kind === SyntaxKind.ElementAccessExpression
  );
}

/** Or an array of promises: it too is only as good as who listens to it. */
function isPromise(checker, type) {
  if (type === undefined || type.isIntrinsicType() || type.isLiteralType()) return false;
  const present = checker.getNonNullableType(type) ?? type;
  if (checker.getPropertyOfType(present, 'then') !== undefined) return true;
  return checker.isArrayType(present) && isPromise(checker, checker.getTypeArguments(present)[0]);
}
