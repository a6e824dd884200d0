// All fuzz targets, one for each border of the product.
import { editorUris } from './editorUris.ts';
import { folder } from './folder.ts';
import { loopback } from './loopback.ts';
import { metadata } from './metadata.ts';
import { pastedText } from './pastedText.ts';
import { settings } from './settings.ts';
import type { Target } from './target.ts';
import { tokenResponses } from './tokenResponses.ts';

/** All targets. */
export const TARGETS: readonly Target[] = [
  settings,
  metadata,
  tokenResponses,
  loopback,
  editorUris,
  pastedText,
  folder,
];
