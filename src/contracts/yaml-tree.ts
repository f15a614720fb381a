import { Composer, isAlias, isMap, isNode, isPair, isScalar, isSeq, Lexer, LineCounter, Parser } from 'yaml';
import type { Document, ParsedNode, YAMLError } from 'yaml';
import type { Place } from './contract.ts';
import type { Finding } from './finding.ts';

export type { Place };

/** A YAML value that knows where it stands. */
export type Tree = ScalarTree | ListTree | MapTree;
export interface ScalarTree {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written, without quotes. */
  readonly text: string;
  readonly quoted: boolean;
  /** The value came from the environment: it is not to be shown. */
  readonly substituted?: true;
  readonly place: Place;
}
export interface ListTree {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly flow: boolean;
  readonly place: Place;
}
export interface MapTree {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
  readonly flow: boolean;
  readonly place: Place;
}
export interface MapEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: Tree;
}

export interface ParsedYaml {
  /** The documents without mistakes, empty ones left out. */
  readonly documents: readonly Tree[];
  readonly findings: readonly Finding[];
}

/** No contract file that a person keeps is larger; a bomb is. */
export const TEXT_MAX = 1 << 20;
/** The parser takes some 10 µs a token, so this bounds a file to seconds. The brief's contract has about 50. */
const TOKENS_MAX = 200_000;
/** Nested deeper, the composer's recursion would end the process; contracts nest to about 8. */
const DEPTH_MAX = 64;
const ALIASES_MAX = 100;
/** Values after aliases are expanded. */
const NODES_MAX = 400_000;
const FINDINGS_MAX = 100;

/**
 * YAML 1.2 core, nothing more: no merge keys, no tags of others, no duplicate keys, few aliases. Bounded in size,
 * depth and time, whatever the text is. Never throws.
 */
export function parseYaml(text: string, file: string): ParsedYaml {
  const refuse = (code: string, what: string, why: string, fix: string, place = START): ParsedYaml => ({
    documents: [],
    findings: [{ severity: 'error', code, file, ...place, what, why, fix }],
  });
  if (text.length > TEXT_MAX)
    return refuse(
      'FILE_TOO_LARGE',
      'the file is larger than 1 MiB',
      'larger files are refused unread',
      'split it into several files',
    );
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const lines = new LineCounter();
  const composed = compose(source, lines);
  if (composed === 'tokens')
    return refuse(
      'FILE_TOO_LARGE',
      `the file has more than ${String(TOKENS_MAX)} YAML tokens`,
      'larger files are refused',
      'split it into several files',
    );
  if (!Array.isArray(composed))
    return refuse(
      'YAML_TOO_DEEP',
      `the file nests deeper than ${String(DEPTH_MAX)} levels`,
      'nothing that belongs here nests that deep',
      'look for brackets or braces that are not closed',
      placeAt(lines, composed.at),
    );
  const reader = new Reader(file, lines);
  const documents = composed.map((document) => reader.read(document)).filter((tree) => tree !== null);
  return { documents, findings: reader.findings };
}

const START: Place = { line: 1, column: 1 };

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return line > 0 ? { line, column: col } : START;
}

type Documents = Document.Parsed[];

/** Drives the library's stages by hand, because only between them can depth be bounded before it recurses. */
function compose(source: string, lines: LineCounter): Documents | 'tokens' | { readonly at: number } {
  const parser = new Parser(lines.addNewLine);
  const composer = new Composer<ParsedNode>({
    version: '1.2',
    schema: 'core',
    merge: false,
    // Checked by the reader instead: the library compares every key with every other.
    uniqueKeys: false,
    strict: true,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const tokens = [];
  lines.addNewLine(0);
  let count = 0;
  for (const lexeme of new Lexer().lex(source)) {
    if (++count > TOKENS_MAX) return 'tokens';
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > DEPTH_MAX) return { at: parser.offset };
  }
  tokens.push(...parser.end());
  const documents: Documents = [];
  for (const token of tokens) documents.push(...composer.next(token));
  documents.push(...composer.end());
  return documents;
}

/** Turns composed documents into trees and collects what is wrong with them. */
class Reader {
  readonly findings: Finding[] = [];
  readonly #file: string;
  readonly #lines: LineCounter;
  #document: Document.Parsed | null = null;
  #aliases = 0;
  #nodes = 0;
  #failed = false;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  /** `null` for an empty document and for one with mistakes, whose tree would only give mistakes that are not there. */
  read(document: Document.Parsed): Tree | null {
    this.#document = document;
    this.#failed = false;
    for (const error of document.errors) this.#syntax(error);
    for (const warning of document.warnings) this.#syntax(warning);
    if (this.#failed || document.contents === null) return null;
    const tree = this.#tree(document.contents, 0);
    return this.#failed || (tree.kind === 'scalar' && tree.value === null) ? null : tree;
  }

  #tree(node: unknown, depth: number): Tree {
    const place = isNode(node) && node.range ? placeAt(this.#lines, node.range[0]) : START;
    const nothing: Tree = { kind: 'scalar', value: null, text: '', quoted: false, place };
    if (++this.#nodes > NODES_MAX || depth > DEPTH_MAX) {
      if (!this.#failed)
        this.#report(
          'YAML_ALIASES',
          place,
          'its aliases expand to too many values',
          'it would use up memory',
          'write the values out',
        );
      return nothing;
    }
    if (isAlias(node)) return this.#alias(node, place, depth) ?? nothing;
    if (isNode(node) && !isAlias(node)) this.#checkTag(node.tag, place);
    if (isScalar(node)) return this.#scalar(node.value, node.source, node.type ?? '', place) ?? nothing;
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#tree(item, depth + 1));
      return { kind: 'list', items, flow: node.flow === true, place };
    }
    if (!isMap(node)) return nothing;
    const entries: MapEntry[] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      const key = isPair(pair) ? this.#key(pair.key, seen) : null;
      if (key)
        entries.push({
          ...key,
          value: pair.value === null ? { ...nothing, place: key.keyPlace } : this.#tree(pair.value, depth + 1),
        });
    }
    return { kind: 'map', entries, flow: node.flow === true, place };
  }

  #alias(
    node: { source: string; resolve: (document: Document.Parsed) => unknown },
    place: Place,
    depth: number,
  ): Tree | null {
    if (++this.#aliases > ALIASES_MAX) {
      if (!this.#failed)
        this.#report(
          'YAML_ALIASES',
          place,
          `more than ${String(ALIASES_MAX)} aliases`,
          'aliases of aliases use up memory',
          'write the values out',
        );
      return null;
    }
    const target = this.#document ? node.resolve(this.#document) : undefined;
    if (target !== undefined) return { ...this.#tree(target, depth + 1), place };
    this.#report(
      'YAML_ALIAS_UNKNOWN',
      place,
      `the alias *${node.source} has no anchor before it`,
      'an alias repeats a value that an anchor names',
      'add the anchor, or put the text in quotes',
    );
    return null;
  }

  #scalar(value: unknown, source: string | undefined, type: string, place: Place): ScalarTree | null {
    const quoted = type.startsWith('QUOTE') || type.startsWith('BLOCK');
    const text = source ?? '';
    if (value === null || typeof value === 'boolean' || typeof value === 'string')
      return { kind: 'scalar', value, text, quoted, place };
    if (typeof value === 'number' && Number.isFinite(value)) return { kind: 'scalar', value, text, quoted, place };
    this.#report(
      'YAML_VALUE',
      place,
      `"${text}" is not a value that can be used here`,
      'values are texts, finite numbers, true, false and null',
      'put it in quotes',
    );
    return null;
  }

  #key(node: unknown, seen: Set<string>): Pick<MapEntry, 'key' | 'keyPlace'> | null {
    const place = isNode(node) && node.range ? placeAt(this.#lines, node.range[0]) : START;
    if (!isScalar(node)) {
      this.#report(
        'YAML_KEY',
        place,
        'a key is not a plain text',
        'keys are names',
        'write a name before the colon, in quotes if it has braces or brackets',
      );
      return null;
    }
    const key = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    if (key === '<<')
      this.#report(
        'YAML_MERGE_KEY',
        place,
        'merge keys (<<) are not read',
        'they are not part of YAML 1.2',
        'write the values out',
      );
    else if (key === '__proto__')
      this.#report('YAML_KEY', place, '"__proto__" cannot be a key', 'it never is a name of data', 'remove it');
    else if (seen.has(key))
      this.#report(
        'YAML_KEY_DUPLICATE',
        place,
        `"${key}" stands here twice`,
        'only one of the two could count',
        'remove one of them',
      );
    seen.add(key);
    return { key, keyPlace: place };
  }

  #checkTag(tag: string | undefined, place: Place): void {
    if (tag === undefined || CORE_TAGS.has(tag)) return;
    this.#report(
      'YAML_TAG',
      place,
      `the tag ${tag} is not known`,
      'only the types of YAML 1.2 core are read',
      'remove the tag',
    );
  }

  #syntax(error: YAMLError): void {
    const place = placeAt(this.#lines, error.pos[0]);
    if (error.code === 'TAG_RESOLVE_FAILED') {
      this.#report('YAML_TAG', place, error.message, 'only the types of YAML 1.2 core are read', 'remove the tag');
      return;
    }
    this.#report('YAML_SYNTAX', place, firstSentence(error.message), 'the text is not YAML', syntaxFix(error));
  }

  #report(code: string, place: Place, what: string, why: string, fix: string): void {
    this.#failed = true;
    if (this.findings.length < FINDINGS_MAX)
      this.findings.push({ severity: 'error', code, file: this.#file, ...place, what, why, fix });
  }
}

const CORE_TAGS = new Set(
  ['map', 'seq', 'str', 'int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`),
);

function firstSentence(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}

/** What the parser's words most often come from in these files. */
function syntaxFix(error: YAMLError): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'indent with spaces';
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'put text with ": " in it in quotes, and look for a line that is indented too far';
    case 'MISSING_CHAR':
    case 'BAD_COLLECTION_TYPE':
    case 'UNEXPECTED_TOKEN':
      return "close every quote, bracket and brace; put text with braces in quotes, e.g. 'product:{product_id}'";
    default:
      return 'correct the line; text with special characters goes in quotes';
  }
}
