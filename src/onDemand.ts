// What the start does not need. The bundle has it in a file of its own, which is loaded when somebody asks for it first.
export { Diagnostics } from './diagnostics/diagnostics.ts';
export { AddProviderWizard } from './wizard/addProviderWizard.ts';
