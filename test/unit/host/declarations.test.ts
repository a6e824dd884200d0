// The declarations of other extensions in VS Code.
import assert from 'node:assert/strict';
import { DAY } from '../../../src/core/clock.ts';
import { Declarations } from '../../../src/host/declarations.ts';
import { Settings } from '../../../src/host/settings.ts';
import { fakeMemento } from '../../support/fakeContext.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';

const MANIFEST = {
  name: 'notes',
  publisher: 'acme',
  displayName: 'Acme Notes',
  contributes: {
    authentication: [{ id: 'acme', label: 'Acme' }],
    sessionKeeper: { providers: [{ id: 'acme', issuer: 'https://id.acme.example', clientId: 'notes' }] },
  },
};

describe('Declarations', () => {
  const OWN = 'session-keeper.session-keeper';
  let clock: FakeClock;
  let memento: ReturnType<typeof fakeMemento>;
  let declarations: Declarations;
  let changes: number;

  const restart = (): void => {
    declarations = new Declarations(memento, clock, OWN);
    declarations.onDidChange(() => (changes += 1));
  };
  const ids = (): string[] => declarations.getAll().map(({ declarer }) => declarer.id);

  beforeEach(() => {
    editor.reset();
    clock = new FakeClock();
    memento = fakeMemento();
    changes = 0;
    restart();
  });
  afterEach(() => declarations.dispose());

  it('has those of the installed extensions, except its own', () => {
    editor.extensions.push({ id: 'acme.notes', packageJSON: MANIFEST }, { id: OWN, packageJSON: MANIFEST });
    assert.deepEqual(ids(), ['acme.notes']);
    editor.onExtensions.fire(undefined);
    assert.equal(changes, 1);
  });

  it('has those of an extension in another extension host, also after a restart', () => {
    assert.equal(declarations.declare(MANIFEST), 'acme.notes');
    assert.deepEqual([ids(), changes], [['acme.notes'], 1]);
    restart();
    assert.deepEqual(ids(), ['acme.notes']);
    declarations.declare({ ...MANIFEST, other: 'x' });
    assert.equal(changes, 1, 'nothing has changed');
  });

  it('replaces or removes them when the extension declares something else', () => {
    declarations.declare(MANIFEST);
    const [entry] = MANIFEST.contributes.sessionKeeper.providers;
    const other = { ...MANIFEST.contributes, sessionKeeper: { providers: [{ ...entry, clientId: 'other' }] } };
    declarations.declare({ ...MANIFEST, contributes: other });
    assert.deepEqual(
      [changes, declarations.getAll().map(({ entry: one }) => (one as { clientId: string }).clientId)],
      [2, ['other']],
    );
    declarations.declare({ ...MANIFEST, contributes: {} });
    assert.deepEqual([changes, ids()], [3, []]);
  });

  it('prefers a manifest that it can see', () => {
    declarations.declare(MANIFEST);
    editor.extensions.push({ id: 'acme.notes', packageJSON: { ...MANIFEST, contributes: {} } });
    assert.deepEqual(ids(), []);
  });

  it("removes what an extension hasn't declared for 90 days", async () => {
    declarations.declare(MANIFEST);
    await clock.advance(89 * DAY);
    restart();
    assert.deepEqual(ids(), ['acme.notes']);
    await clock.advance(2 * DAY);
    restart();
    assert.deepEqual(ids(), []);
  });

  for (const manifest of [undefined, null, 'acme', {}, { name: 'notes' }, { name: 1, publisher: 'acme' }]) {
    it(`rejects with what to pass: ${JSON.stringify(manifest)}`, () => {
      assert.throws(() => declarations.declare(manifest), /Pass the package\.json/u);
    });
  }

  it('rejects more than it can keep, and keeps at most 50 extensions', () => {
    const providers = [{ id: 'acme', label: 'x'.repeat(60_000) }];
    assert.throws(
      () => declarations.declare({ ...MANIFEST, contributes: { sessionKeeper: { providers } } }),
      /too large/u,
    );
    for (let index = 0; index < 60; index++) {
      declarations.declare({ ...MANIFEST, name: `n${index}` });
    }
    assert.deepEqual([ids().length, ids().includes('acme.n59'), ids().includes('acme.n9')], [50, true, false]);
  });

  it('starts without what is stored in another form', () => {
    for (const stored of ['x', [null], [1], [{ id: 'a' }], {}]) {
      void memento.update('declaredProviders', stored);
      restart();
      assert.deepEqual(ids(), []);
    }
  });

  it('changes the providers of the settings', () => {
    const settings = new Settings(0, declarations);
    let updates = 0;
    settings.onDidChange(() => (updates += 1));
    declarations.declare(MANIFEST);
    assert.deepEqual(
      [settings.provider('acme')?.clientId, settings.declarerOf('acme')?.id, updates],
      ['notes', 'acme.notes', 1],
    );
    settings.dispose();
  });
});
