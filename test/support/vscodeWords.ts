// The module `vscode` for plain Node, loaded before the product's own modules with `--import`, or by mocha as set in
// .mocharc.json. Its texts are here, and everything with behavior is in fakeEditor.ts.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vscode' ? { url: import.meta.url, shortCircuit: true } : next(specifier, context),
});

/** A text with its arguments, as the second form of `l10n.t` accepts it. */
export interface LongForm {
  readonly message: string;
  readonly args?: readonly unknown[] | Readonly<Record<string, unknown>>;
}

/** Texts as they are in the code: no bundle is loaded. */
export const l10n = {
  /** The text with each `{0}` or `{name}` replaced, once, as VS Code does it. */
  t: (text: string | LongForm, ...values: readonly unknown[]): string => {
    const { message, args = [] } = typeof text === 'string' ? { message: text, args: values } : text;
    const found = new Map(Object.entries(args));
    return message.replace(/\{(\w+)\}/g, (whole, name: string) => (found.has(name) ? String(found.get(name)) : whole));
  },
};

export * from './fakeEditor.ts';
