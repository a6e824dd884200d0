/** Names that are no secrets, and are remembered across restarts. */
export interface RememberedNames {
  has(name: string): boolean;
  add(name: string): void;
}
