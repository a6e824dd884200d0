// The server guides: their entries are those that Add Provider writes, and their facts are those of the code.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseProviders } from '../../src/core/parseProviders.ts';
import { CATEGORIES, categoryOfCode, categoryOfError } from '../../src/core/failurePolicies.ts';
import { redirectUrisOf } from '../../src/core/redirectUri.ts';
import { createDraft, toEntry } from '../../src/wizard/draft.ts';
import type { Entry } from '../../src/wizard/entries.ts';
import { proposeId, proposeLabel } from '../../src/wizard/proposals.ts';
import { PRESETS, type Preset } from '../../src/wizard/presets.ts';

const folder = join(import.meta.dirname, '../../docs/servers');
const pages = readdirSync(folder).sort();
const read = (name: string): string => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n');

const failures = readFileSync(join(folder, '../failures.md'), 'utf8').split(/\r?\n/);

/** Returns the entries that a page shows, from all code blocks. */
function entriesOn(page: string): Entry[] {
  const blocks = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) => json);
  assert.ok(blocks.length > 0, 'the page has no entry');
  return blocks.flatMap((block) => {
    const { 'sessionKeeper.providers': list, ...others } = JSON.parse(`{${block}}`) as {
      readonly 'sessionKeeper.providers': Entry[];
    };
    assert.deepEqual(others, {});
    return list;
  });
}

/** Returns the rows of a page's first table by their name. */
function factsOn(page: string): ReadonlyMap<string, string> {
  return new Map(
    [...page.matchAll(/^\| ([A-Z][^|]*) \| ([^|]*) \|$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** The beginnings of a page's facts. */
const FACTS = {
  secret: {
    none: 'None. ',
    required: 'Required.',
    'for-browser': 'Required to sign in with the browser, but not with a device code.',
  },
  device: { 'if-allowed': 'Yes, ', 'other-client': 'No. ', never: 'No. ' },
  renewal: { 'with-scope': 'With `offline_access`.', always: 'Always, ', needless: 'Not needed. ' },
} as const satisfies { readonly [F in 'secret' | 'device' | 'renewal']: Readonly<Record<Preset[F], string>> };
/** The same in the index. */
const INDEXED: Readonly<Record<Preset['secret'], string>> = {
  none: 'none',
  required: 'required',
  'for-browser': 'browser only',
};

describe('the server guides', () => {
  it('include one for each predefined server, one for other servers, and an index', () => {
    assert.deepEqual(pages, [...PRESETS.map(({ id }) => `${id}.md`), 'other.md', 'README.md'].sort());
    const index = read('README.md');
    for (const { id, name } of PRESETS) {
      assert.ok(index.includes(`| [${name}](${id}.md) |`), name);
    }
    assert.ok(index.includes('](other.md)'));
  });

  for (const preset of PRESETS) {
    describe(`${preset.id}.md`, () => {
      const page = read(`${preset.id}.md`);

      it('shows the entry that Add Provider writes', () => {
        const entries = entriesOn(page);
        assert.deepEqual(parseProviders(entries).problems, []);
        const [entry = {}, ...others] = entries;
        assert.deepEqual(others, []);
        const draft = {
          ...createDraft(preset),
          issuer: String(entry['issuer']),
          clientId: String(entry['clientId']),
          scopes: preset.scopes,
        };
        const label = proposeLabel(draft);
        assert.deepEqual(entry, toEntry({ ...draft, label, id: proposeId({ ...draft, label }, []) }));
        const pattern = preset.issuer.replaceAll(/[.?]/g, '\\$&').replaceAll(/\{[^{}]*\}/g, '[^/{}]+');
        assert.match(draft.issuer, new RegExp(`^${pattern}$`));
        assert.ok(page.includes(`choose **${preset.name}**`), 'the name of the predefined server');
        assert.ok(page.startsWith(`# ${preset.name}\n`));
      });

      it('states the facts about the secret, redirect URIs, device code, and renewal that the code has', () => {
        const facts = factsOn(page);
        const starts = (fact: string, said: string): void =>
          assert.ok(facts.get(fact)?.startsWith(said), `${fact}: ${facts.get(fact)}`);
        starts('Client secret', FACTS.secret[preset.secret]);
        starts('Device code', FACTS.device[preset.device]);
        starts('Renewal', FACTS.renewal[preset.renewal]);
        const [provider] = parseProviders(entriesOn(page)).providers;
        assert.ok(provider !== undefined);
        const uris = [...(facts.get('Redirect URIs') ?? '').matchAll(/`([^`]+)`/g)].map(([, uri]) => uri);
        assert.deepEqual(uris, preset.registersRedirect ? redirectUrisOf(provider) : []);
        assert.equal(
          facts.get('Redirect URIs')?.includes('any port') === true,
          preset.registersRedirect && provider.redirectPorts.length === 0,
        );
        assert.equal(page.includes(', then run **Session Keeper: Set Client Secret…**:'), preset.secret !== 'none');
        assert.equal(
          /`(?:refresh_token_expires_in|refresh_expires_in)`/.exec(page)?.[0],
          preset.endField && `\`${preset.endField}\``,
        );
        assert.ok(read('README.md').includes(`](${preset.id}.md) | ${INDEXED[preset.secret]} |`), 'the index');
      });
    });
  }

  for (const name of pages) {
    it(`only name existing failures and link to existing files: ${name}`, () => {
      const page = read(name);
      const named = [...page.matchAll(/^\| [^|]+ \| `([^`|]+)` \| [^|]+ \|$/gm)].map(([, category = '']) => category);
      assert.deepEqual(
        named.filter((category) => !(CATEGORIES as readonly string[]).includes(category)),
        [],
      );
      // Text in italics, unless it's from the browser, is part of the product's message.
      for (const [, quoted = '', category = ''] of page.matchAll(/^\| \*([^*]+)\*[^|]* \| `([^`|]+)` \|/gm)) {
        const row = failures.find((line) => line.endsWith(` | \`${category}\` |`) && line.split(' | ').length > 3);
        assert.ok(row?.includes(quoted), `${category}: ${quoted}`);
      }
      // If the product knows the code, it belongs to that category in at least one step.
      for (const [, code = '', category = ''] of page.matchAll(/^\| [^|]*`([\w.-]+)`[^|]* \| `([^`|]+)` \|/gm)) {
        const meanings = (['exchange', 'refresh', 'device', 'authorization'] as const).map(
          (step) => categoryOfError(code, step) ?? categoryOfCode(code) ?? category,
        );
        assert.ok((meanings as readonly string[]).includes(category), `${code}: ${meanings.join(' ')}`);
      }
      const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
      assert.deepEqual(
        links.filter((link) => !link.startsWith('https://') && !existsSync(join(dirname(join(folder, name)), link))),
        [],
      );
      if (name !== 'README.md') {
        assert.deepEqual(
          parseProviders(entriesOn(page).map((entry, index) => ({ ...entry, id: `id-${index}` }))).problems,
          [],
        );
        assert.deepEqual(
          [...page.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading.replace(/^At .*/, 'At')),
          ['At', 'In VS Code', 'What to expect', 'Troubleshooting'],
        );
        assert.ok(named.length > 0);
      }
    });
  }

  it('are linked in the README', () => {
    assert.ok(readFileSync(join(folder, '../../README.md'), 'utf8').includes('](docs/servers/README.md)'));
  });
});
