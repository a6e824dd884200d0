// The settings of the organization, from the file on this computer.
import { parseManagedSettings, UNMANAGED, type ManagedSettings } from '../core/managedSettings.ts';
import { managedFilePath, readManagedFile } from '../node/managedFile.ts';

/**
 * Reads the settings of the organization. A file that others could have written isn't used, which is a problem to report.
 * @param path the path of the file.
 * @param owner the user ID of the administrator; undefined on Windows.
 */
export function readManagedSettings(
  path = managedFilePath(process.platform),
  owner = process.platform === 'win32' ? undefined : 0,
): ManagedSettings {
  const file = readManagedFile(path, owner);
  switch (file.kind) {
    case 'absent':
      return UNMANAGED;
    case 'text':
      return parseManagedSettings(file.text);
    case 'refused':
      return {
        ...UNMANAGED,
        problems: [{ entry: path, field: file.reason, code: 'managed-refused', isManaged: true }],
      };
  }
}
