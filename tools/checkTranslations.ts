// Prints what is missing or wrong in the translations: `npm run l10n:check`, or with the names of languages.
import { findTranslationIssues, LANGUAGES, readTexts, readUnchanged, readUse } from './translations.ts';

const selected = LANGUAGES.filter((language) => process.argv.length <= 2 || process.argv.includes(language));
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
