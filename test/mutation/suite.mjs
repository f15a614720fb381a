// The few words of vitest that the pure tests use, for a process that runs them thousands of times. The matchers are
// vitest's own; what is not here is undefined, so a test that needs more fails where it is loaded.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  ChaiStyleAssertions,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';
import * as chai from 'chai';

for (const plugin of [JestExtend, JestChaiExpect, ChaiStyleAssertions, JestAsymmetricMatchers]) chai.use(plugin);

const expect = (value, message) => chai.expect(value, message);
Object.assign(expect, chai.expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT]);
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, configurable: true });
setState({ assertionCalls: 0, isExpectingAssertions: false }, expect);

/** Longer than any promise of a pure test takes to settle: such a one waits for nothing but its own turn. */
const SETTLES_MS = 1_000;

/** One test file: what `vitest` exports while it is loaded, and the tests that it has, in their order. */
export class Suite {
  /** @type {{ id: string, run: () => unknown }[]} */
  tests = [];
  #file;
  #names;
  #ids = new Map();

  constructor(file) {
    this.#file = file;
    this.#names = [file];
  }

  get #api() {
    const it = (name, ...rest) =>
      this.#add(
        name,
        rest.findLast((one) => typeof one === 'function'),
      );
    it.each =
      (table) =>
      (name, ...rest) => {
        const run = rest.findLast((one) => typeof one === 'function');
        for (const [i, row] of table.entries()) {
          const args = Array.isArray(row) ? row : [row];
          this.#add(`${name} [${String(i)}]`, () => run(...args));
        }
      };
    const describe = (name, body) => {
      this.#names.push(name);
      body();
      this.#names.pop();
    };
    return { describe, it, test: it, expect };
  }

  /** The failure of loading it, or `null`. */
  load(load) {
    try {
      load(this.#file, this.#api);
      return null;
    } catch (error) {
      return String(error);
    }
  }

  #add(name, run) {
    const given = [...this.#names, name].join(' > ');
    const times = this.#ids.get(given) ?? 0;
    this.#ids.set(given, times + 1);
    this.tests.push({ id: times === 0 ? given : `${given} #${String(times + 1)}`, run });
  }
}

/** The failure of one test, or `null`. */
export async function failureOf({ run }) {
  let timer;
  try {
    const running = run();
    if (!(running instanceof Promise)) return null;
    const never = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('it waits for something that does not come')), SETTLES_MS);
    });
    await Promise.race([running, never]);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
