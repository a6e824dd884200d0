/**
 * Puts off the loading of something until somebody asks for it.
 * @param load loads it: once, and anew where that has not worked.
 * @param tell is told why it cannot be loaded, once for all who have asked meanwhile.
 * @returns gives it; undefined where it cannot be loaded. It never rejects.
 */
export function later<T>(load: () => Promise<T>, tell: (error: unknown) => void): () => Promise<T | undefined> {
  let loading: Promise<T | undefined> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      tell(error);
      return undefined;
    });
    return loading;
  };
}
