/** Chance that can be repeated: a seed gives the same numbers everywhere. TLFS_SEEDS says how many seeds property tests take. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2654435761) >>> 0 || 1;
  }
  /** From 0 to below `limit`. */
  below(limit: number): number {
    // xorshift32
    let x = this.#state;
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>>= 0;
    return x % limit;
  }
  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }
  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)];
  }
}

/** Runs a property with many seeds; the seed is part of what fails. */
export function withSeeds(standard: number, run: (random: Random, seed: number) => void): void {
  const seeds = Number(process.env.TLFS_SEEDS ?? standard);
  for (let seed = 1; seed <= seeds; ++seed) {
    try {
      run(new Random(seed), seed);
    } catch (error) {
      throw new Error(`with seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
    }
  }
}
