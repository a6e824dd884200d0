// The columns of the table in providerFields.ts.
import type * as v from 'valibot';
import type { endpoints } from './fieldSchemas.ts';

/** The fields that decide where credentials go. */
export interface Destination {
  readonly issuer: string;
  readonly metadataUrl?: string | undefined;
  readonly endpoints: Readonly<v.InferOutput<typeof endpoints>> | undefined;
}

/**
 * The formats in which the diagnostics can show a value, each with the type of the values it fits. None of them shows
 * the query of a URL or the value of a parameter.
 */
export interface DisplayValues {
  value: string | boolean;
  list: readonly (string | number)[];
  time: number;
  url: string;
  /** A redirect URI, which is allowed to be an `http:` URL. */
  loopbackUrl: string;
  /** The labels and the URLs. */
  servers: readonly { readonly label: string; readonly url: string }[];
  /** The names and the URLs. */
  urls: Readonly<Record<string, string | undefined>>;
  /** The values only. */
  values: Readonly<Record<string, string | undefined>>;
  /** The names and the values of each list. */
  lists: Readonly<Record<string, readonly string[] | undefined>>;
  /** The names only. */
  names: Readonly<Record<string, string>>;
}

/** A format in which the diagnostics show a value. */
export type Display = keyof DisplayValues;

/** A row of the table: one field of an entry. */
export interface FieldRow {
  /**
   * Converts the entry's value of the field, absent or not, to the provider's value. Its messages are problem codes.
   */
  readonly schema: v.GenericSchema;
  /** The unit of the setting, in ms. The number from the schema is multiplied by it. */
  readonly unitMs?: number;
  /**
   * How the value relates to the server at the entry's issuer: not at all (`none`); it `belongs` to that server, so
   * that the wizard doesn't keep it for another issuer; or it `identifies` the server or the client, so that nothing
   * known about one value is used for another.
   */
  readonly server: 'none' | 'belongs' | 'identifies';
  /**
   * Whether refresh requests depend on the value. If it was changed and a refresh is rejected, the settings are
   * suspected.
   */
  readonly affectsRefresh: boolean;
  /** The URLs of the field to which credentials are sent, or that decide where they are sent. */
  credentialUrls?(destination: Destination): readonly string[];
  /** Whether only the user may set the field, and not another extension that declares a provider. */
  readonly isUserOnly?: true;
  /** The format in which the diagnostics show the value. */
  readonly display: Display;
  /**
   * The default to show in the diagnostics and in docs/settings.md if the field is absent; if this is missing, "none".
   */
  readonly unset?: string;
}

type OutputOf<Schema extends v.GenericSchema> = Exclude<v.InferOutput<Schema>, undefined>;

/** The type of a row with this schema: its display format fits the value, and a number has a unit. */
type RowFor<Schema extends v.GenericSchema> = FieldRow & {
  readonly schema: Schema;
  readonly display: { [Kind in Display]: OutputOf<Schema> extends DisplayValues[Kind] ? Kind : never }[Display];
} & (OutputOf<Schema> extends number ? { readonly unitMs: number } : { readonly unitMs?: never });

/** Returns a row unchanged, typed with its schema. */
export function field<Schema extends v.GenericSchema>(row: RowFor<Schema>): FieldRow & { readonly schema: Schema } {
  return row;
}
