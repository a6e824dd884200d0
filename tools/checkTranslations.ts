// Prints what is missing or wrong in the translations: `npm run l10n:check`, or with the names of languages.
import { findTranslationIssues, LANGUAGES, readTexts, readUnchanged, readUse } from './translations.ts';

const named = process.argv.slice(2);
const unknown = named.filter((name) => !LANGUAGES.some((language) => language === name));
if (unknown.length > 0) {
  throw new Error(`Unknown: ${unknown.join(', ')}. The languages are ${LANGUAGES.join(', ')}.`);
}
const selected = LANGUAGES.filter((language) => named.length === 0 || named.includes(language));
const english = readTexts();
const use = await readUse(english);
let total = 0;
for (const language of selected) {
  const issues = findTranslationIssues(english, readTexts(language), use, readUnchanged(language));
  total += issues.length;
  for (const { key, issue } of issues) {
    console.log(`${language}: ${JSON.stringify(key)} ${issue}`);
  }
}
console.log(
  `${String(Object.keys(english).length)} texts in ${String(selected.length)} languages, ${String(total)} issues`,
);
process.exitCode = total === 0 ? 0 : 1;
