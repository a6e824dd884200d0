import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';

const noEnums = [{ selector: 'TSEnumDeclaration', message: 'Use a constant list and its union type.' }];

export default tseslint.config(
  { ignores: ['dist/', 'client/dist/', 'out/', 'node_modules/', '.vscode-test/', 'test/consumer/'] },
  {
    files: ['src/**/*.ts', 'client/src/**/*.ts', 'samples/**/*.ts', 'test/**/*.ts', 'tools/**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    plugins: { jsdoc },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      // An empty function is the idiom for "do nothing".
      '@typescript-eslint/no-empty-function': 'off',
      // `void promise` marks a promise that is deliberately not awaited.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true, ignoreVoidReturningFunctions: true },
      ],
      // oauth4webapi marks it as deprecated to make it stand out. It's used only for loopback addresses, as a test
      // checks.
      '@typescript-eslint/no-deprecated': [
        'error',
        { allow: [{ from: 'package', name: 'allowInsecureRequests', package: 'oauth4webapi' }] },
      ],
      'no-restricted-syntax': ['error', ...noEnums],
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 5],
      complexity: ['error', 15],
    },
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        ...noEnums,
        {
          selector: 'MemberExpression[object.name="URL"][property.name="canParse"]',
          message: 'Use parseUrl of core/secureUrl: canParse accepts text that the constructor rejects.',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'client/src/**/*.ts', 'tools/**/*.ts', 'test/support/**/*.ts'],
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          require: { ClassDeclaration: true, FunctionDeclaration: true, MethodDefinition: false },
          contexts: [
            'TSInterfaceDeclaration',
            'TSTypeAliasDeclaration',
            'VariableDeclaration',
            'MethodDefinition[key.type!="PrivateIdentifier"][kind!="constructor"][key.name!="dispose"]',
          ],
        },
      ],
      'jsdoc/require-description': ['error', { contexts: ['any'] }],
    },
  },
  {
    files: ['test/**/*.ts', 'tools/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [] }],
    },
  },
);
