/** Random numbers that a seed repeats (mulberry32), and texts made of them. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** A whole number from 0 on, less than `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % end;
  }
  /** Few different characters, so that much is alike; some are pairs of units. */
  text(length: number): string {
    let out = "";
    for (let at = 0; at < length; ++at) out += ["a", "b", "c", " ", "\n", "ü", "😀", "😁"][this.below(8)];
    return out;
  }
  edited(text: string): string {
    for (let count = 1 + this.below(3); count > 0; --count) {
      const from = this.boundary(text);
      const to = Math.max(from, this.boundary(text));
      text = text.slice(0, from) + this.text(this.below(4)) + text.slice(to);
    }
    return text;
  }
  /** A position between two characters. */
  boundary(text: string): number {
    const at = this.below(text.length + 1);
    const unit = text.charCodeAt(at);
    return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
  }
}
