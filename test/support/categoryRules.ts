// Finds code in source files that decides by a failure category instead of using the table of policies.
import ts from 'typescript';

/** The methods that look up a value in a list, a set, a map or a string. */
const LOOKUPS: ReadonlySet<string> = new Set([
  'includes',
  'indexOf',
  'lastIndexOf',
  'has',
  'get',
  'startsWith',
  'endsWith',
  'test',
]);

const COMPARISONS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
]);

/** A type with at least this many categories among its literals is one of categories; other types share a few words. */
const SHARED_WORDS = 5;

/**
 * The places in a source file that decide by category: comparisons, `switch`, and lookups in lists, sets, maps and objects
 * other than the table. A category is recognized by its type, or by the name `category`.
 * @param mayHaveMessages whether the file may have a message for each category.
 */
export function categoryRules(
  file: ts.SourceFile,
  checker: ts.TypeChecker,
  categories: ReadonlySet<string>,
  mayHaveMessages: boolean,
): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isRule(node)) {
      found.push(node.getText().replace(/\s+/g, ' ').slice(0, 100));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;

  function isRule(node: ts.Node): boolean {
    if (ts.isBinaryExpression(node)) {
      const { left, operatorToken, right } = node;
      return operatorToken.kind === ts.SyntaxKind.InKeyword
        ? isCategory(left)
        : COMPARISONS.has(operatorToken.kind) &&
            ((isCategory(left) && ts.isStringLiteralLike(right)) ||
              (ts.isStringLiteralLike(left) && isCategory(right)));
    }
    if (ts.isSwitchStatement(node)) {
      return isCategory(node.expression);
    }
    if (ts.isElementAccessExpression(node)) {
      return (
        !mayHaveMessages && isCategory(node.argumentExpression) && node.expression.getText() !== 'FAILURE_POLICIES'
      );
    }
    return (
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      LOOKUPS.has(node.expression.name.text) &&
      node.arguments.some(isCategory)
    );
  }

  function isCategory(node: ts.Expression): boolean {
    const name = ts.isPropertyAccessExpression(node) ? node.name.text : ts.isIdentifier(node) ? node.text : undefined;
    const type = checker.getTypeAtLocation(node);
    const known = (type.isUnion() ? type.types : []).filter(
      (one) => one.isStringLiteral() && categories.has(one.value),
    );
    return name === 'category' || known.length >= SHARED_WORDS;
  }
}

/** A program of one source text, without a library: enough for the types declared in the text. */
export function programOf(text: string): { readonly file: ts.SourceFile; readonly checker: ts.TypeChecker } {
  const name = 'example.ts';
  const options: ts.CompilerOptions = { noLib: true, target: ts.ScriptTarget.ES2023, strict: true };
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true);
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost(options),
    getSourceFile: (path) => (path === name ? file : undefined),
  };
  return { file, checker: ts.createProgram([name], options, host).getTypeChecker() };
}
