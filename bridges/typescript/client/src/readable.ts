/** Values that change and tell of it. */

/**
 * A value over time, in the form that React's `useSyncExternalStore` takes.
 *
 * `get` returns the same reference until the value changes. Both functions may be passed around without their object.
 */
export interface Readable<T> {
  get(this: void): T;
  /** Calls `listener` after every change, until the function that it returns is called. */
  subscribe(this: void, listener: () => void): () => void;
}

/** A Readable that its owner sets. `onUsed` is told when the first listener comes and when the last one goes. */
export class Source<T> implements Readable<T> {
  #value: T;
  readonly #listeners = new Set<{ readonly call: () => void }>();
  readonly #onUsed: ((used: boolean) => void) | undefined;

  constructor(value: T, onUsed?: (used: boolean) => void) {
    this.#value = value;
    this.#onUsed = onUsed;
  }

  readonly get = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = { call: listener };
    this.#listeners.add(entry);
    if (this.#listeners.size === 1) this.#onUsed?.(true);
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.#onUsed?.(false);
    };
  };

  get used(): boolean {
    return this.#listeners.size > 0;
  }

  set(value: T): void {
    if (Object.is(this.#value, value)) return;
    this.#value = value;
    // A listener that throws must not keep the others from hearing of it.
    for (const entry of [...this.#listeners]) {
      if (!this.#listeners.has(entry)) continue;
      try {
        entry.call();
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
