import { Document, isAlias, isScalar, isSeq } from 'yaml';
import type { Alias, LineCounter, ParsedNode, Scalar, YAMLError, YAMLMap } from 'yaml';
import type { Finding } from './finding.ts';
import { Report } from './report.ts';
import { clip, firstLine } from './tree.ts';
import type { MapEntry, MapTree, Place, ScalarTree, Tree } from './yaml-tree.ts';

export interface YamlDocument {
  readonly tree: Tree;
  /** Whether nothing was wrong with it; else it is only good for finding further mistakes. */
  readonly sound: boolean;
}

const ALIASES_MAX = 100;
/** Values after aliases are expanded: as many as a file without any could have. And how deep they then nest. */
const NODES_MAX = 100_000;
const DEPTH_MAX = 64;

export const START: Place = { line: 1, column: 1 };

export function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

/** Turns composed documents into trees and collects what is wrong with them. */
export class Reader {
  readonly #report: Report;
  readonly #source: string;
  readonly #lines: LineCounter;
  #document: Document = new Document();
  #aliases = 0;
  #nodes = 0;
  /** How many things make the document unreadable. */
  #faults = 0;

  constructor(file: string, source: string, lines: LineCounter) {
    this.#report = new Report(file);
    this.#source = source;
    this.#lines = lines;
  }

  get findings(): readonly Finding[] {
    return this.#report.findings;
  }

  /** `null` for an empty document and for one whose syntax is wrong: its tree would only give mistakes that are not there. */
  read(document: Document.Parsed): YamlDocument | null {
    this.#document = document;
    this.#faults = 0;
    const before = this.#report.errors;
    for (const error of telling([...document.errors, ...document.warnings], this.#lines)) this.#syntax(error);
    const { version, explicit } = document.directives.yaml;
    if (explicit && version !== '1.2')
      this.#report.error(
        'YAML_VERSION',
        placeAt(this.#lines, document.range[0]),
        `a document asks for YAML ${version}`,
        'it would mean something else there',
        'remove the %YAML line',
      );
    if (this.#faults > 0 || document.contents === null) return null;
    const tree = this.#tree(document.contents, 0);
    if (this.#faults > 0 || (tree.kind === 'scalar' && tree.value === null && tree.text === '')) return null;
    return { tree, sound: this.#report.errors === before };
  }

  #placeOf(node: ParsedNode): Place {
    return placeAt(this.#lines, node.range[0]);
  }

  #tree(node: ParsedNode, depth: number): Tree {
    const place = this.#placeOf(node);
    if (++this.#nodes > NODES_MAX || depth > DEPTH_MAX) return this.#bomb(place, 'aliases expand to too many values');
    if (isAlias(node)) return this.#alias(node, place, depth);
    if (isScalar(node)) return this.#scalar(node, place);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#tree(item, depth + 1));
      return { kind: 'list', items, flow: node.flow === true, place };
    }
    return this.#map(node, place, depth);
  }

  #map(node: YAMLMap.Parsed, place: Place, depth: number): MapTree {
    const entries: MapEntry[] = [];
    const seen = new Set<string>();
    for (const { key: keyNode, value } of node.items) {
      const keyPlace = this.#placeOf(keyNode);
      const key = this.#key(keyNode, keyPlace, seen);
      if (key !== null)
        entries.push({
          key,
          keyPlace,
          value: value === null || isEmpty(value) ? nothing(keyPlace) : this.#tree(value, depth + 1),
        });
    }
    return { kind: 'map', entries, flow: node.flow === true, place };
  }

  #key(node: ParsedNode, place: Place, seen: Set<string>): string | null {
    if (!isScalar(node)) {
      this.#report.error(
        'YAML_KEY',
        place,
        'a key is not a plain text',
        'keys are names',
        'write a name before the colon, in quotes if it has braces or brackets',
      );
      return null;
    }
    const key = node.source;
    if (key === '<<')
      this.#report.error(
        'YAML_MERGE_KEY',
        place,
        'merge keys (<<) are not read',
        'they are not part of YAML 1.2',
        'write the values out',
      );
    else if (key === '__proto__')
      this.#report.error('YAML_KEY', place, '"__proto__" cannot be a key', 'it never is a name of data', 'remove it');
    else if (!seen.has(key)) {
      seen.add(key);
      return key;
    } else
      this.#report.error(
        'YAML_KEY_DUPLICATE',
        place,
        `"${clip(key)}" stands here twice`,
        'only one of the two could count',
        'remove one of them',
      );
    return null;
  }

  #alias(node: Alias, place: Place, depth: number): Tree {
    if (++this.#aliases > ALIASES_MAX) return this.#bomb(place, `more than ${ALIASES_MAX} aliases`);
    const target = node.resolve(this.#document) as ParsedNode | undefined;
    if (target !== undefined) return { ...this.#tree(target, depth + 1), place };
    this.#report.error(
      'YAML_ALIAS_UNKNOWN',
      place,
      `the alias *${clip(node.source)} has no anchor before it`,
      'an alias repeats a value that an anchor names',
      'add the anchor, or put the text in quotes',
    );
    return nothing(place);
  }

  #bomb(place: Place, what: string): Tree {
    if (this.#faults === 0)
      this.#report.error(
        'YAML_ALIASES',
        place,
        what,
        'aliases of aliases can use up all memory',
        'write the values out',
      );
    this.#faults++;
    return nothing(place);
  }

  #scalar({ value, range, type }: Scalar.Parsed, place: Place): ScalarTree {
    const quoted = type !== 'PLAIN';
    const written = this.#source.slice(range[0], range[1]);
    const text = quoted ? written.slice(1, -1) : written;
    if (isUsable(value)) return { kind: 'scalar', value, text, quoted, place };
    this.#report.error(
      'YAML_VALUE',
      place,
      `"${clip(text)}" is not a value that can be used`,
      'values are texts, finite numbers, true, false and null',
      'put it in quotes',
    );
    // Its own text stands in, so that it is not told again as something else.
    return { kind: 'scalar', value: text, text, quoted, place };
  }

  #unknownTag(place: Place, tag: string): void {
    this.#report.error(
      'YAML_TAG',
      place,
      `the tag ${clip(tag)} is not known`,
      'only the types of YAML 1.2 core are read',
      'remove the tag',
    );
  }

  #syntax({ code, message, pos }: YAMLError): void {
    const place = placeAt(this.#lines, pos[0]);
    const sentence = firstLine(message);
    if (code === 'TAG_RESOLVE_FAILED') {
      this.#unknownTag(place, sentence.slice(sentence.indexOf(':') + 1).trim());
      return;
    }
    this.#faults++;
    const fix = FIXES[code] ?? 'correct the line; text with special characters goes in quotes';
    this.#report.error('YAML_SYNTAX', place, clip(sentence), 'the text is not YAML', fix);
  }
}

const isUsable = (value: unknown): value is ScalarTree['value'] =>
  value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value);

/** Nothing after the colon: what can be pointed at is the key. */
const isEmpty = (node: ParsedNode): boolean =>
  isScalar(node) && node.value === null && node.source === '' && node.anchor === undefined;

const nothing = (place: Place): ScalarTree => ({ kind: 'scalar', value: null, text: '', quoted: false, place });

/** One wrong character makes several errors follow on its line or to the end, and a tab on the lines around it. */
function telling(errors: readonly YAMLError[], lines: LineCounter): readonly YAMLError[] {
  const tabs = errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  const chosen = tabs.length > 0 ? tabs : errors;
  const lineOf = (error: YAMLError): number => placeAt(lines, error.pos[0]).line;
  return chosen.filter((error, i) => {
    const last = chosen[i - 1];
    return !last || (lineOf(last) !== lineOf(error) && !error.message.includes('in YAML stream'));
  });
}

const OPEN = "close every quote, bracket and brace; put text with braces in quotes, e.g. 'product:{product_id}'";
const COLON = 'put text with ": " in it in quotes, and look for a line that is indented too far';

/** What the parser's words most often come from in these files. */
const FIXES: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BLOCK_AS_IMPLICIT_KEY: COLON,
  MULTILINE_IMPLICIT_KEY: COLON,
  BAD_INDENT: OPEN,
  BLOCK_IN_FLOW: OPEN,
  MISSING_CHAR: OPEN,
  BAD_COLLECTION_TYPE: OPEN,
  UNEXPECTED_TOKEN: OPEN,
};
