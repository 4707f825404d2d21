/** Which names may be used, remembered: the same sensors and metrics come again and again. */
import { nameProblem } from '../domain/name.ts';

const REMEMBERED = 20_000;
const LONGEST = 300;

export class NameCheck {
  private readonly known = new Map<string, string | null>();

  constructor(private readonly maxBytes: number) {}

  /** Why it cannot be the name of a sensor or metric; null if it can. */
  problem(name: string): string | null {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const found = nameProblem(name, this.maxBytes);
    if (name.length > LONGEST) return found;
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.set(name, found);
    return found;
  }
}
