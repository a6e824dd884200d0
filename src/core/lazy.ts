/** A value that is loaded when it's first needed. */
export interface Lazy<T> {
  /** What was loaded; `undefined` until then. */
  readonly value: T | undefined;
  /**
   * Loads the value once. After a failure, the next call tries again.
   * @throws whatever the loader throws.
   */
  load(): Promise<T>;
}

/**
 * Defers loading a value until it's first needed.
 * @param load loads the value.
 * @param onError is called with the error if it can't be loaded, once for all callers that waited.
 */
export function lazy<T>(load: () => Promise<T>, onError: (error: unknown) => void): Lazy<T> {
  let value: T | undefined;
  let loading: Promise<T> | undefined;
  const start = async (): Promise<T> => {
    try {
      value = await load();
      return value;
    } catch (error) {
      loading = undefined;
      onError(error);
      throw error;
    }
  };
  return {
    get value() {
      return value;
    },
    load: () => (loading ??= start()),
  };
}
