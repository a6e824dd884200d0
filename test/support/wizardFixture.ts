import { SECOND, systemClock } from '../../src/core/clock.ts';
import { Discovery } from '../../src/protocol/discovery.ts';
import { ClientSecrets } from '../../src/storage/clientSecrets.ts';
import { AddProviderWizard } from '../../src/wizard/addProviderWizard.ts';
import type { AddProviderWizardDependencies } from '../../src/wizard/wizardStep.ts';
import { Uri } from './fakeEditor.ts';
import { FakeFolder, FakeStore } from './fakeStore.ts';
import { transportWith } from './fixtures.ts';

/** Returns a wizard for these settings, with no secrets and a discovery of its own unless others are given. */
export function createWizard(
  dependencies: Pick<AddProviderWizardDependencies, 'settings'> & Partial<AddProviderWizardDependencies>,
): AddProviderWizard {
  return new AddProviderWizard({
    clientSecrets: new ClientSecrets(new FakeStore(), new FakeFolder()),
    discovery: new Discovery(transportWith(systemClock, 10 * SECOND)),
    getInstructions: () => Uri.from({}) as never,
    extensionId: 'session-keeper.session-keeper',
    callbackUri: 'vscode://session-keeper.session-keeper/callback',
    proposePort: () => Promise.resolve(28_500),
    signIn: () => Promise.resolve(),
    ...dependencies,
  });
}
