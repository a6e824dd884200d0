// What the row of a field in providerFields.ts has to say.
import type * as v from 'valibot';
import type { endpoints } from './fieldSchemas.ts';

/** The fields that decide where credentials go. */
export interface Destination {
  readonly issuer: string;
  readonly metadataUrl?: string | undefined;
  readonly endpoints: Readonly<v.InferOutput<typeof endpoints>> | undefined;
}

/** How the diagnostics can show a value, and what each way can show. They never show the query of a URL or the value of a parameter. */
export interface DisplayValues {
  value: string | boolean;
  list: readonly (string | number)[];
  time: number;
  url: string;
  /** A redirect URI, which is an `http:` URL for a reason. */
  loopbackUrl: string;
  /** The names and the URLs. */
  urls: Readonly<Record<string, string | undefined>>;
  /** The values only. */
  values: Readonly<Record<string, string | undefined>>;
  /** The names only. */
  names: Readonly<Record<string, string>>;
}

/** One of the ways to show a value. */
export type Display = keyof DisplayValues;

/** One row. */
export interface FieldRow {
  /** Makes the provider's value of the field of an entry, absent or not. Its messages are problem codes. */
  readonly schema: v.GenericSchema;
  /** The unit of the setting, in ms. The schema's number is multiplied by it. */
  readonly unitMs?: number;
  /**
   * What the value says about the server at the entry's issuer: nothing; something that `belongs` to that server, so that
   * the wizard takes it to no other issuer; or which server or client it is, so that nothing known of one value is used
   * for another.
   */
  readonly server: 'none' | 'belongs' | 'identifies';
  /** Whether a refresh request depends on the value: if it was changed, a rejected refresh points to the settings. */
  readonly affectsRefresh: boolean;
  /** The URLs of the field to whose origins credentials are sent, or that decide where they are sent. */
  credentialUrls?(destination: Destination): readonly string[];
  /** How the diagnostics show the value. */
  readonly display: Display;
  /** What holds without the field, for the diagnostics and docs/settings.md; "none" if this is absent. */
  readonly unset?: string;
}

type OutputOf<Schema extends v.GenericSchema> = Exclude<v.InferOutput<Schema>, undefined>;

/** The row of a field with this schema: its display fits the value, and a number has a unit. */
type RowFor<Schema extends v.GenericSchema> = FieldRow & {
  readonly schema: Schema;
  readonly display: { [Kind in Display]: OutputOf<Schema> extends DisplayValues[Kind] ? Kind : never }[Display];
} & (OutputOf<Schema> extends number ? { readonly unitMs: number } : { readonly unitMs?: never });

/** A row as it is, with the type of its schema. */
export function field<Schema extends v.GenericSchema>(row: RowFor<Schema>): FieldRow & { readonly schema: Schema } {
  return row;
}
