import { isFunctionLikeDeclaration, NodeFlags, SyntaxKind } from 'typescript/unstable/ast';

/**
 * Whether a listener is attached to a promise on every way from the statement that makes it to the next moment at which
 * other code runs: an `await`, a `yield`, or the end of its function. Statements are walked in the order in which they run.
 */
export function isListenedTo({ name, statement }) {
  for (let node = statement; !isFunctionLikeDeclaration(node.parent); node = node.parent) {
    const siblings = node.parent.statements;
    if (siblings === undefined) continue;
    const result = walkAll(siblings.slice(siblings.indexOf(node) + 1), name);
    if (result !== NEITHER) return result === LISTENED;
    if (node.parent.kind === SyntaxKind.SourceFile) break;
  }
  return false;
}

const LISTENED = 'listened';
/** Other code may run, or the function ends. */
const LEFT = 'left';
const NEITHER = 'neither';

function walkAll(nodes, name) {
  for (const node of nodes) {
    const result = walk(node, name);
    if (result !== NEITHER) return result;
  }
  return NEITHER;
}

function walk(node, name) {
  if (node === undefined || (isFunctionLikeDeclaration(node) && !isPromiseExecutor(node))) return NEITHER;
  const first = (...nodes) => walkAll(nodes, name);
  switch (node.kind) {
    case SyntaxKind.Identifier:
      return node.text === name && isHeard(node) ? LISTENED : NEITHER;
    case SyntaxKind.AwaitExpression:
    case SyntaxKind.YieldExpression:
    case SyntaxKind.ReturnStatement:
    case SyntaxKind.ThrowStatement: {
      const result = walk(node.expression, name);
      return result === NEITHER ? LEFT : result;
    }
    case SyntaxKind.IfStatement:
      return then(first(node.expression), () =>
        eitherOf(walk(node.thenStatement, name), walk(node.elseStatement, name)),
      );
    case SyntaxKind.ConditionalExpression:
      return then(first(node.condition), () =>
        eitherOf(walk(node.whenTrue, name), walk(node.whenFalse, name)),
      );
    case SyntaxKind.ForStatement:
      return then(first(node.initializer, node.condition), () => perhaps(node.statement));
    case SyntaxKind.WhileStatement:
      return then(first(node.expression), () => perhaps(node.statement));
    case SyntaxKind.ForInStatement:
    case SyntaxKind.ForOfStatement:
      return then(first(node.expression), () =>
        node.awaitModifier === undefined ? perhaps(node.statement) : LEFT,
      );
    case SyntaxKind.TryStatement:
      return then(first(node.tryBlock), () =>
        then(perhaps(node.catchClause), () => first(node.finallyBlock)),
      );
    case SyntaxKind.SwitchStatement:
      return then(first(node.expression), () => perhaps(...node.caseBlock.clauses));
    case SyntaxKind.BinaryExpression:
      return isShortCircuit(node)
        ? then(first(node.left), () => perhaps(node.right))
        : first(node.left, node.right);
    case SyntaxKind.CallExpression:
      return isOptional(node)
        ? then(first(node.expression), () => perhaps(...node.arguments))
        : walkAll([node.expression, ...node.arguments], name);
    default: {
      let result = NEITHER;
      node.forEachChild((child) => {
        if (result === NEITHER) result = walk(child, name);
      });
      return result;
    }
  }

  /** Of code that may not run only the harm counts. */
  function perhaps(...nodes) {
    return nodes.some((each) => walk(each, name) === LEFT) ? LEFT : NEITHER;
  }
}

function then(result, next) {
  return result === NEITHER ? next() : result;
}

function eitherOf(one, other) {
  if (one === LEFT || other === LEFT) return LEFT;
  return one === LISTENED && other === LISTENED ? LISTENED : NEITHER;
}

/** Whether this mention of the promise attaches a listener or passes the promise on. */
function isHeard(identifier) {
  let node = identifier;
  for (;;) {
    const { parent } = node;
    switch (parent.kind) {
      case SyntaxKind.ParenthesizedExpression:
      case SyntaxKind.AsExpression:
      case SyntaxKind.SatisfiesExpression:
      case SyntaxKind.NonNullExpression:
      case SyntaxKind.ConditionalExpression:
      case SyntaxKind.ArrayLiteralExpression:
      case SyntaxKind.SpreadElement:
      case SyntaxKind.ObjectLiteralExpression:
      case SyntaxKind.PropertyAssignment:
      case SyntaxKind.ShorthandPropertyAssignment:
        node = parent;
        continue;
      case SyntaxKind.AwaitExpression:
      case SyntaxKind.YieldExpression:
      case SyntaxKind.ReturnStatement:
      case SyntaxKind.VariableDeclaration:
        return true;
      case SyntaxKind.BinaryExpression:
        if (isShortCircuit(parent)) {
          node = parent;
          continue;
        }
        return parent.operatorToken.kind === SyntaxKind.EqualsToken && parent.right === node;
      case SyntaxKind.CallExpression:
      case SyntaxKind.NewExpression:
        return parent.expression !== node && !isOptional(parent);
      case SyntaxKind.PropertyAccessExpression:
        return parent.expression === node && parent.parent.kind === SyntaxKind.CallExpression;
      default:
        return false;
    }
  }
}

/** The function of `new Promise(…)` runs at once. */
function isPromiseExecutor({ parent }) {
  return parent.kind === SyntaxKind.NewExpression && parent.expression.text === 'Promise';
}

function isShortCircuit({ operatorToken: { kind } }) {
  return (
    kind === SyntaxKind.AmpersandAmpersandToken ||
    kind === SyntaxKind.BarBarToken ||
    kind === SyntaxKind.QuestionQuestionToken
  );
}

/** A call that its chain may leave out, such as `slot?.begin(promise)`. */
function isOptional(node) {
  return (node.flags & NodeFlags.OptionalChain) !== 0;
}
