import { Composer, Lexer, LineCounter, Parser } from 'yaml';
import type { Document, ParsedNode } from 'yaml';
import type { Finding } from './finding.ts';
import { placeAt, Reader, START, type YamlDocument } from './yaml-reader.ts';

export interface ParsedYaml {
  /** The documents that could be read, empty ones left out. */
  readonly documents: readonly YamlDocument[];
  readonly findings: readonly Finding[];
}

/** No contract file that a person keeps is larger; a bomb is. */
export const TEXT_MAX = 1 << 20;
/** The parser takes up to 25 µs for one, so this bounds a file to seconds. A contract has about 50. */
export const TOKENS_MAX = 100_000;
/** Nested deeper, the composer's recursion would end the process; contracts nest to about 8. */
export const DEPTH_MAX = 64;

/**
 * YAML 1.2 core, nothing more: no merge keys, no tags of others, no duplicate keys, few aliases. Bounded in size,
 * depth and time, whatever the text is. Never throws.
 */
export function parseYaml(text: string, file: string): ParsedYaml {
  const refuse = (code: string, what: string, why: string, fix: string, place = START): ParsedYaml => ({
    documents: [],
    findings: [{ severity: 'error', code, file, ...place, what, why, fix }],
  });
  const tooLarge = (than: string): ParsedYaml =>
    refuse(
      'FILE_TOO_LARGE',
      `the file has more than ${than}`,
      'larger ones are refused',
      'split it into several files',
    );
  if (text.length > TEXT_MAX) return tooLarge('1 MiB');
  const lines = new LineCounter();
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const composed = compose(source, lines);
  switch (composed.state) {
    case 'tokens':
      return tooLarge(`${TOKENS_MAX} YAML tokens`);
    case 'deep': {
      const what = `the file nests deeper than ${DEPTH_MAX} levels`;
      const fix = 'look for brackets or braces that are not closed';
      return refuse(
        'YAML_TOO_DEEP',
        what,
        'nothing that belongs here nests that deep',
        fix,
        placeAt(lines, composed.at),
      );
    }
    case 'failed':
      return refuse(
        'YAML_SYNTAX',
        `the file cannot be read: ${composed.why}`,
        'the text is not YAML',
        'correct the file',
      );
    case 'composed': {
      const reader = new Reader(file, source, lines);
      const documents = composed.documents.map((document) => reader.read(document)).filter((one) => one !== null);
      return { documents, findings: reader.findings };
    }
  }
}

type Composed =
  | { readonly state: 'composed'; readonly documents: readonly Document.Parsed[] }
  | { readonly state: 'tokens' }
  | { readonly state: 'deep'; readonly at: number }
  | { readonly state: 'failed'; readonly why: string };

/** Drives the library's stages by hand, because only between them can depth be bounded before it recurses. */
function compose(source: string, lines: LineCounter): Composed {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const composer = new Composer<ParsedNode>({
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // Checked by the reader instead: the library compares every key with every other.
    uniqueKeys: false,
    strict: true,
    prettyErrors: false,
    logLevel: 'silent',
  });
  try {
    const tokens = [];
    let count = 0;
    for (const lexeme of new Lexer().lex(source)) {
      if (++count > TOKENS_MAX) return { state: 'tokens' };
      tokens.push(...parser.next(lexeme));
      if (parser.stack.length > DEPTH_MAX) return { state: 'deep', at: parser.offset };
    }
    tokens.push(...parser.end());
    const documents: Document.Parsed[] = [];
    for (const token of tokens) documents.push(...composer.next(token));
    documents.push(...composer.end());
    return { state: 'composed', documents };
  } catch (error) {
    // The library is not ours: whatever it throws, it is the text that it could not read.
    return { state: 'failed', why: String(error) };
  }
}
