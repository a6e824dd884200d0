// Finds decisions by the ID of a sign-in method, which belong in the flow of that method. All other code uses the flows'
// properties.
import ts from 'typescript';
import { SIGN_IN_METHODS } from '../../src/core/provider.ts';

const IDS: ReadonlySet<string> = new Set(SIGN_IN_METHODS);
const COMPARISONS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
]);
const SEARCHES: ReadonlySet<string> = new Set(['includes', 'indexOf', 'has', 'some', 'find']);

/** The file below src/ that may decide by a method's ID: the flow of that method. */
export const flowFileOf = (method: string): string => `flows/${method}Flow.ts`;

/**
 * The places in a source text that decide by the ID of a sign-in method, as a literal or as that of a flow (`deviceFlow.id`):
 * in a comparison, a `case`, or a search in a list. The flow of a method may do so for its own ID.
 * @param file its path below src/, with `/`.
 * @returns one line per place; empty if there is none.
 */
export function methodComparisons(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const found: string[] = [];
  const check = (...nodes: readonly ts.Node[]): void => {
    for (const node of nodes) {
      const id = methodOf(node);
      if (id !== undefined && IDS.has(id) && file !== flowFileOf(id)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        found.push(`${file}:${line + 1} decides by the sign-in method '${id}'`);
      }
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && COMPARISONS.has(node.operatorToken.kind)) {
      check(node.left, node.right);
    } else if (ts.isCaseClause(node)) {
      check(node.expression);
    } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { expression: list, name } = node.expression;
      if (SEARCHES.has(name.text)) {
        check(...elementsOf(list));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The elements of an array literal, also as the argument of `new Set`. */
function elementsOf(node: ts.Expression): readonly ts.Node[] {
  const inner = unwrap(node);
  if (ts.isArrayLiteralExpression(inner)) {
    return inner.elements;
  }
  return ts.isNewExpression(inner) ? (inner.arguments ?? []).flatMap(elementsOf) : [];
}

/** The text of a literal, or the name of the flow whose ID it is. */
function methodOf(node: ts.Node): string | undefined {
  const inner = unwrap(node);
  if (ts.isPropertyAccessExpression(inner) && inner.name.text === 'id' && ts.isIdentifier(inner.expression)) {
    return /^(\w+)Flow$/.exec(inner.expression.text)?.[1];
  }
  return ts.isStringLiteralLike(inner) ? inner.text : undefined;
}

/** A node without parentheses and type assertions around it. */
function unwrap(node: ts.Node): ts.Node {
  return ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)
    ? unwrap(node.expression)
    : node;
}
