// Finds the places in source files that create a failure, with its category and code.
import ts from 'typescript';

/** One `new Failure(category, code)` in a source text. */
export interface CreatedFailure {
  /** The place: file and line. */
  readonly at: string;
  /** The category, if it's a literal. */
  readonly category: string | undefined;
  /** The code, if it's a literal; the unknown part of a template is `*`. */
  readonly code: string | undefined;
  /** The expression for the code, or for the category, if it isn't a literal. */
  readonly words: string;
}

/** Every failure that a source file creates. */
export function createdFailures(file: string, text: string): CreatedFailure[] {
  const found: CreatedFailure[] = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Failure') {
      const [category, code] = node.arguments ?? [];
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push({
        at: `${file}:${line + 1}`,
        category: category === undefined ? undefined : literal(category),
        code: code === undefined ? undefined : literal(code),
        words: [category, code].map((one) => one?.getText() ?? '').join(', '),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function literal(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) {
    return node.text;
  }
  return ts.isTemplateExpression(node)
    ? node.head.text + node.templateSpans.map((span) => `*${span.literal.text}`).join('')
    : undefined;
}
