import ts from 'typescript';

const GLOBAL_OBJECTS = new Set(['globalThis', 'global', 'window', 'self']);

/**
 * The platform's names that a file uses as values: `fetch`, `Date.now`, `globalThis.fetch` as `fetch`. A name that the file
 * declares in a scope around its use isn't included, nor is a type. `new Date()` and `Date()`, which read the clock, are
 * returned as `new Date()`.
 */
export function globalsOf(source: ts.SourceFile): string[] {
  const declared = declaredNames(source);
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && isValue(node) && !isDeclared(node, declared)) {
      names.push(nameOf(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** Whether an identifier is a value that is looked up by its name. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.expression === node;
  }
  if (ts.isPartOfTypeNode(node) || ts.isTypeQueryNode(parent) || ts.isQualifiedName(parent)) {
    return false;
  }
  const isNamed =
    ts.isPropertyAssignment(parent) ||
    ts.isClassElement(parent) ||
    ts.isTypeElement(parent) ||
    ts.isObjectLiteralElement(parent);
  if (isNamed && !ts.isShorthandPropertyAssignment(parent)) {
    return parent.name !== node;
  }
  return !ts.isBindingElement(parent) || parent.propertyName !== node;
}

/** The whole expression: the name, with the member after it if there is one. */
function nameOf(node: ts.Identifier): string {
  let whole: ts.Node = node;
  let name = node.text;
  while (ts.isPropertyAccessExpression(whole.parent) && whole.parent.expression === whole) {
    whole = whole.parent;
    const member = (whole as ts.PropertyAccessExpression).name.text;
    name = GLOBAL_OBJECTS.has(name) ? member : `${name}.${member}`;
  }
  const { parent } = whole;
  const isCalledEmpty =
    (ts.isNewExpression(parent) || ts.isCallExpression(parent)) &&
    parent.expression === whole &&
    (parent.arguments ?? []).length === 0;
  return name === 'Date' && isCalledEmpty ? 'new Date()' : name.split('.').slice(0, 2).join('.');
}

function isDeclared(node: ts.Identifier, declared: ReadonlyMap<ts.Node, ReadonlySet<string>>): boolean {
  for (let scope: ts.Node | undefined = node; scope !== undefined; scope = scope.parent as ts.Node | undefined) {
    if (declared.get(scope)?.has(node.text) === true) {
      return true;
    }
  }
  return false;
}

/** The names declared in each scope of a file. */
function declaredNames(source: ts.SourceFile): ReadonlyMap<ts.Node, ReadonlySet<string>> {
  const declared = new Map<ts.Node, Set<string>>();
  const visit = (node: ts.Node): void => {
    const name = isDeclaration(node) ? node.name : undefined;
    if (name !== undefined && ts.isIdentifier(name)) {
      const scope = scopeAround(node.parent);
      declared.set(scope, (declared.get(scope) ?? new Set<string>()).add(name.text));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return declared;
}

function isDeclaration(node: ts.Node): node is ts.NamedDeclaration {
  return (
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isBindingElement(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isImportSpecifier(node) ||
    ts.isNamespaceImport(node) ||
    ts.isImportClause(node)
  );
}

function scopeAround(node: ts.Node): ts.Node {
  let scope = node;
  while (!isScope(scope)) {
    scope = scope.parent;
  }
  return scope;
}

function isScope(node: ts.Node): boolean {
  return (
    ts.isSourceFile(node) ||
    ts.isBlock(node) ||
    ts.isFunctionLike(node) ||
    ts.isForStatement(node) ||
    ts.isForInStatement(node) ||
    ts.isForOfStatement(node) ||
    ts.isCatchClause(node) ||
    ts.isModuleBlock(node) ||
    ts.isCaseBlock(node)
  );
}
