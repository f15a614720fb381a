import type { Report } from '../contracts/report.ts';
import type { Place, Tree } from '../contracts/yaml-tree.ts';
import { pathText } from '../contracts/tree.ts';

const NOWHERE: Place = { line: 1, column: 1 };
const DEPTH_MAX = 64;

/** An object given in code, as the tree that its YAML would be. It has no lines; messages name paths instead. */
export function treeOfObject(value: unknown, report: Report, path: readonly PropertyKey[] = []): Tree {
  const scalar = (plain: string | number | boolean | null): Tree => ({
    kind: 'scalar',
    value: plain,
    text: String(plain),
    quoted: typeof plain === 'string',
    place: NOWHERE,
  });
  if (value === null || value === undefined) return scalar(null);
  if (typeof value === 'string' || typeof value === 'boolean') return scalar(value);
  if (typeof value === 'number' && Number.isFinite(value)) return scalar(value);
  if (path.length < DEPTH_MAX) {
    if (Array.isArray(value)) {
      const items = value.map((item, i) => treeOfObject(item, report, [...path, i]));
      return { kind: 'list', items, flow: false, place: NOWHERE };
    }
    const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
    if (prototype === Object.prototype || prototype === null) {
      const entries = Object.entries(value)
        .filter(([, one]) => one !== undefined)
        .map(([key, one]) => ({ key, keyPlace: NOWHERE, value: treeOfObject(one, report, [...path, key]) }));
      return { kind: 'map', entries, flow: false, place: NOWHERE };
    }
  }
  report.error(
    'TYPE_WRONG',
    NOWHERE,
    `"${pathText(path)}" is a ${typeof value}, which is not configuration`,
    'it holds texts, numbers, truth values, lists and objects',
    'give functions to Tidemark.start beside the configuration',
  );
  return scalar(null);
}
