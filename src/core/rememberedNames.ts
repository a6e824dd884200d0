/** Non-secret names that are remembered across restarts. */
export interface RememberedNames {
  has(name: string): boolean;
  add(name: string): void;
}
