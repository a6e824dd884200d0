// The little of `vscode` that the files of words and rules need, for plain Node: loaded before them with `--import`, or by
// mocha as .mocharc.json says, it takes the place of the editor's module. Everything that does something is missing.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => (specifier === 'vscode' ? { url: import.meta.url, shortCircuit: true } : next(specifier, context)),
});

/** A text with what goes into it, as `l10n.t` takes it in its second form. */
export interface LongForm {
  readonly message: string;
  readonly args?: readonly unknown[] | Readonly<Record<string, unknown>>;
}

/** Sentences as they stand in the code: no bundle is loaded. */
export const l10n = {
  /** The text with each `{0}` or `{name}` replaced, once, as VS Code does it. */
  t: (text: string | LongForm, ...values: readonly unknown[]): string => {
    const { message, args = [] } = typeof text === 'string' ? { message: text, args: values } : text;
    const found = new Map(Object.entries(args));
    return message.replace(/\{(\w+)\}/g, (whole, name: string) => (found.has(name) ? String(found.get(name)) : whole));
  },
};

/** The person reads English. */
export const env = { language: 'en' };
