import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { McpModes } from '../../../src/integrations/mcpModes.ts';
import { FakeClock } from '../../support/fakeClock.ts';

describe('how VS Code sends tokens to MCP servers', () => {
  let clock: FakeClock;
  let observed: Set<string>;
  let changes: number;

  const create = (version: string): McpModes =>
    new McpModes({ clock, log: silentLog, version, observed, onDidChange: () => (changes += 1) });

  beforeEach(() => {
    clock = new FakeClock();
    observed = new Set();
    changes = 0;
  });

  for (const [version, mode] of [
    ['1.105.1', 'header'],
    ['1.107.9', 'header'],
    ['1.108.0', 'authentication'],
    ['1.139.1', 'authentication'],
    ['1.140.0', 'both'],
    ['1.999.0-insider', 'both'],
    ['', 'header'],
    ['x.y.z', 'both'],
  ] as const) {
    it(`is assumed to be ${mode} in version "${version}" until it's observed`, () => {
      assert.equal(create(version).mode, mode);
    });
  }

  it('is authentication once VS Code has requested a token, also after a restart in the same version', () => {
    const modes = create('1.140.0');
    modes.onResolve('a');
    modes.onRequest('a');
    assert.deepEqual([modes.mode, changes], ['authentication', 1]);
    assert.equal(create('1.140.0').mode, 'authentication');
    assert.equal(create('1.141.0').mode, 'both');
  });

  it("is header if VS Code requests no token within 10 seconds, and that's forgotten after a restart", async () => {
    for (const version of ['1.139.1', '1.140.0']) {
      const modes = create(version);
      modes.onResolve('a');
      await clock.advance(9 * SECOND);
      assert.notEqual(modes.mode, 'header');
      await clock.advance(2 * SECOND);
      assert.equal(modes.mode, 'header');
      assert.notEqual(create(version).mode, 'header');
    }
    assert.equal(changes, 2);
  });

  it("remains authentication if a server isn't started after VS Code was observed", async () => {
    const modes = create('1.139.1');
    modes.onResolve('a');
    modes.onRequest('a');
    modes.onResolve('a');
    await clock.advance(60 * SECOND);
    assert.equal(modes.mode, 'authentication');
  });

  it("doesn't change after the window has closed", async () => {
    const modes = create('1.139.1');
    modes.onResolve('a');
    modes.dispose();
    await clock.advance(60 * SECOND);
    assert.equal(changes, 0);
  });
});
