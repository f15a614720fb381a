import { z } from 'zod';
import type { Finding } from './finding.ts';
import { FINDINGS_MAX } from './report.ts';
import { didYouMean, listed, nearest } from './suggest.ts';
import { clip, entriesOf, firstLine, kindInWords, locate, pathText, plainOf } from './tree.ts';
import type { Place, Tree } from './yaml-tree.ts';

/** A schema with the JSON Schema made from it, whose descriptions and examples the findings speak with. */
export interface Shape<T> {
  readonly schema: z.ZodType<T>;
  readonly json: JsonSchema;
}

type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';

export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly type?: JsonType | readonly JsonType[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly examples?: readonly unknown[];
  readonly $ref?: string;
}

export function shapeOf<T>(schema: z.ZodType<T>): Shape<T> {
  return { schema, json: jsonSchemaOf(schema) };
}

export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    // The library drops these where a value is transformed; ours are as they are written, before that.
    override: ({ zodSchema, jsonSchema }) => {
      const examples: unknown = z.globalRegistry.get(zodSchema)?.['examples'];
      if (Array.isArray(examples)) jsonSchema.examples = examples;
      const { def } = zodSchema._zod;
      const fallback: unknown = def.type === 'default' || def.type === 'prefault' ? def.defaultValue : undefined;
      if (fallback !== undefined) jsonSchema.default = fallback;
    },
  }) as JsonSchema;
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly findings: readonly Finding[] }
  | { readonly ok: false; readonly findings: readonly Finding[] };

export interface CheckContext {
  readonly file: string;
  /** What the tree is called in messages: `namespaces.product`. */
  readonly at: readonly PropertyKey[];
  /** Of the key that names the tree: where something that it lacks is reported. */
  readonly keyPlace?: Place;
  /** Whether the value there must not be shown. */
  readonly secret?: (path: readonly PropertyKey[]) => boolean;
  /** Better words for a mistake at a path. */
  readonly words?: (
    code: string,
    path: readonly PropertyKey[],
  ) => Partial<Pick<Finding, 'code' | 'why' | 'fix'>> | null;
}

/** Every way in which a tree misses its shape, at its place. Keys that the shape does not name are mistakes too. */
export function checkShape<T>(shape: Shape<T>, tree: Tree, context: CheckContext): Checked<T> {
  const result = shape.schema.safeParse(plainOf(tree));
  const reporter = new Reporter(shape.json, tree, context);
  if (!result.success) for (const issue of result.error.issues) reporter.report(issue, []);
  reporter.strayKeys(tree, shape.json);
  const findings = reporter.findings();
  return result.success && findings.length === 0 ? { ok: true, value: result.data, findings } : { ok: false, findings };
}

type Issue = z.core.$ZodIssue;

class Reporter {
  readonly #findings: Finding[] = [];
  /** Keys that unknown ones were probably meant to be, with the path around them: these are not missing. */
  readonly #meant = new Set<string | undefined>();
  readonly #missing = new Map<Finding, string>();
  readonly #invalidAt = new Set<string>();
  readonly #json: JsonSchema;
  readonly #tree: Tree;
  readonly #context: CheckContext;

  constructor(json: JsonSchema, tree: Tree, context: CheckContext) {
    this.#json = json;
    this.#tree = tree;
    this.#context = context;
  }

  findings(): readonly Finding[] {
    return this.#findings.filter((finding) => !this.#meant.has(this.#missing.get(finding)));
  }

  /** One more than are told, so that it is said that there are more. */
  get #isFull(): boolean {
    return this.#findings.length > FINDINGS_MAX;
  }

  report(issue: Issue, base: readonly PropertyKey[]): void {
    if (this.#isFull) return;
    const path = [...base, ...issue.path];
    switch (issue.code) {
      case 'unrecognized_keys':
        for (const key of issue.keys) this.#unknownKey([...path, key]);
        return;
      case 'invalid_union': {
        const branch = issue.errors.find((issues) =>
          issues.some((one) => one.path.length > 0 || one.code !== 'invalid_type'),
        );
        if (branch && locate(this.#tree, path).tree) for (const one of branch) this.report(one, path);
        else this.#wrongType(path);
        return;
      }
      case 'invalid_key':
        this.#add(
          'NAME_INVALID',
          path,
          `"${clip(String(path.at(-1)))}" cannot be a name here`,
          this.#describe(path.slice(0, -1)),
          'use letters, digits, "-" and "_", beginning with a letter',
          true,
        );
        return;
      case 'invalid_type':
        this.#wrongType(path);
        return;
      case 'invalid_value':
        this.#wrongChoice(path, issue.values.map(String));
        return;
      default:
        // Of several things that are wrong with one value the first is told.
        if (!this.#invalidAt.has(pathText(path))) this.#invalid(path, issue);
        this.#invalidAt.add(pathText(path));
    }
  }

  /** A schema that ignores what it does not know would hide a mistyped key; here none may. */
  strayKeys(tree: Tree, json: JsonSchema, path: readonly PropertyKey[] = []): void {
    if (tree.kind === 'list') {
      const [only, ...others] = this.#options(json).flatMap((option) => schemaIn(option.items));
      if (!only || others.length > 0) return;
      for (const [i, item] of tree.items.entries()) this.strayKeys(item, only, [...path, i]);
      return;
    }
    if (tree.kind !== 'map') return;
    const options = this.#options(json).filter((option) => option.type === 'object');
    const [only, ...others] = options;
    if (!only || others.length > 0) return;
    for (const { key, value } of tree.entries) {
      const [known] = schemaIn(only.properties?.[key] ?? only.additionalProperties);
      const next = [...path, key];
      if (known) this.strayKeys(value, known, next);
      else if (only.additionalProperties === undefined && only.properties) this.#unknownKey(next);
    }
  }

  #unknownKey(path: readonly PropertyKey[]): void {
    if (this.#isFull) return;
    const key = String(path.at(-1));
    const around = path.slice(0, -1);
    const known = this.#keysAt(around);
    const where = this.#name(around);
    const near = nearest(key, known);
    this.#meant.add(pathText([...around, near ?? key]));
    this.#add(
      'KEY_UNKNOWN',
      path,
      `unknown key "${clip(key)}"`,
      `${where} takes ${listed(known)}`,
      near === null ? `use one of these, or remove it` : `did you mean "${near}"?`,
      true,
    );
  }

  #wrongType(path: readonly PropertyKey[]): void {
    const { tree } = locate(this.#tree, path);
    const example = this.#example(path);
    if (tree === undefined) {
      const name = String(path.at(-1));
      const where = this.#name(path.slice(0, -1));
      const slip = this.#slip(path, name);
      const fix =
        slip !== null
          ? `write "${name}" instead of "${clip(slip)}"`
          : example === ''
            ? `add "${name}:"`
            : `add "${name}: ${example}"`;
      const finding = this.#add('KEY_MISSING', path, `${where} has no "${name}"`, this.#describe(path), fix);
      this.#missing.set(finding, pathText(path));
      return;
    }
    const expected = this.#expected(path);
    const text = `${this.#name(path)} is ${this.#found(path)}, not ${expected}`;
    this.#add(
      'TYPE_WRONG',
      path,
      text,
      this.#describe(path),
      typeFix(this.#context.secret?.(path) ? undefined : tree, expected, example),
    );
  }

  /** A key beside the missing one that was probably meant to be it. */
  #slip(path: readonly PropertyKey[], name: string): string | null {
    const { tree } = locate(this.#tree, path.slice(0, -1));
    const known = this.#keysAt(path.slice(0, -1));
    const strays = entriesOf(tree)
      .map(({ key }) => key)
      .filter((key) => !known.includes(key));
    return strays.find((key) => nearest(key, [name]) === name) ?? null;
  }

  #wrongChoice(path: readonly PropertyKey[], choices: readonly string[]): void {
    const { tree } = locate(this.#tree, path);
    if (tree === undefined) {
      this.#wrongType(path);
      return;
    }
    const word = tree.kind === 'scalar' ? String(tree.value) : '';
    this.#add(
      'VALUE_UNKNOWN',
      path,
      `${this.#name(path)} is ${this.#found(path)}`,
      `it takes ${listed(choices)}`,
      choices.length === 1 ? `write ${choices.join()}` : didYouMean(word, choices, 'write one of these'),
    );
  }

  #invalid(path: readonly PropertyKey[], issue: Issue): void {
    const example = this.#example(path);
    const fault = faultOf(issue);
    const what = `${this.#name(path)} is ${this.#found(path)}: ${fault}`;
    this.#add(
      'VALUE_INVALID',
      path,
      what,
      this.#describe(path),
      example === '' ? 'correct the value' : `write e.g. ${example}`,
    );
  }

  #add(code: string, path: readonly PropertyKey[], what: string, why: string, fix: string, atKey = false): Finding {
    const located = locate(this.#tree, path, this.#context.keyPlace);
    const place = atKey ? located.keyPlace : located.place;
    const words = this.#context.words?.(code, path);
    const finding: Finding = { severity: 'error', code, file: this.#context.file, ...place, what, why, fix, ...words };
    this.#findings.push(finding);
    return finding;
  }

  /** What stands at a path, in words; only its kind when it must not be shown. */
  #found(path: readonly PropertyKey[]): string {
    const { tree } = locate(this.#tree, path);
    if (this.#context.secret?.(path) && tree?.kind === 'scalar' && tree.value !== null)
      return typeof tree.value === 'string' ? 'a text' : `a ${typeof tree.value}`;
    return kindInWords(tree);
  }

  #name(path: readonly PropertyKey[]): string {
    const text = pathText([...this.#context.at, ...path]);
    return text === '' ? 'the file' : `"${clip(text)}"`;
  }

  #expected(path: readonly PropertyKey[]): string {
    const types = new Set(
      this.#schemasAt(path)
        .flatMap((schema) => this.#options(schema))
        .flatMap((option) => option.type ?? []),
    );
    const words = [...types].map((type) => TYPE_WORDS[type]);
    return words.length === 0 ? 'what is expected here' : words.join(' or ');
  }

  #describe(path: readonly PropertyKey[]): string {
    const found = this.#schemasAt(path).find((schema) => schema.description !== undefined);
    return found?.description ?? `${this.#name(path)} is ${this.#expected(path)}`;
  }

  #example(path: readonly PropertyKey[]): string {
    const example = this.#schemasAt(path).flatMap((schema) => schema.examples ?? [])[0];
    if (example === undefined) return '';
    return typeof example === 'string' ? example : JSON.stringify(example);
  }

  #keysAt(path: readonly PropertyKey[]): string[] {
    const options = this.#schemasAt(path).flatMap((schema) => this.#options(schema));
    return [...new Set(options.flatMap((option) => Object.keys(option.properties ?? {})))];
  }

  #schemasAt(path: readonly PropertyKey[]): readonly JsonSchema[] {
    let at: readonly JsonSchema[] = [this.#json];
    for (const step of path)
      at = at
        .flatMap((schema) => this.#options(schema))
        .flatMap((option) => {
          if (typeof step === 'number') return schemaIn(option.items);
          const property = option.properties?.[String(step)];
          if (property) return [property];
          return schemaIn(option.additionalProperties);
        });
    return at.map((schema) => this.#resolved(schema));
  }

  #resolved(schema: JsonSchema): JsonSchema {
    const ref = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf.map(({ $ref }) => $ref)[0] : undefined);
    return (ref === undefined ? undefined : resolveRef(this.#json, ref)) ?? schema;
  }

  /** A schema's alternatives, references followed, each once: they may lead in a circle. */
  #options(schema: JsonSchema): readonly JsonSchema[] {
    const found = new Set<JsonSchema>();
    const open = new Set([schema]);
    for (const one of open) {
      const resolved = this.#resolved(one);
      const next = resolved === one ? (one.anyOf ?? (one.properties ? undefined : one.oneOf)) : [resolved];
      if (next) for (const option of next) open.add(option);
      else found.add(one);
    }
    return [...found];
  }
}

function resolveRef(root: JsonSchema, ref: string): JsonSchema | undefined {
  let at: unknown = root;
  for (const step of ref.split('/').slice(1)) at = (at as Record<string, unknown> | undefined)?.[step];
  return at as JsonSchema | undefined;
}

function schemaIn(value: boolean | JsonSchema | readonly JsonSchema[] | undefined): readonly JsonSchema[] {
  return typeof value === 'object' && !Array.isArray(value) ? [value as JsonSchema] : [];
}

const TYPE_WORDS: Readonly<Record<JsonType, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'null',
};

/** A schema's own words where it has some; else ours, as the library's speak of schemas. */
function faultOf(issue: Issue): string {
  const message = firstLine(issue.message);
  if (!/^(Invalid|Too) /.test(message)) return message;
  switch (issue.code) {
    case 'too_small':
      if (issue.origin !== 'string' && issue.origin !== 'array') return `the least is ${issue.minimum}`;
      return issue.minimum === 1 ? 'it must not be empty' : `it needs at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string' || issue.origin === 'array'
        ? `it may have ${issue.maximum} at most`
        : `the most is ${issue.maximum}`;
    case 'invalid_format':
      return issue.format === 'url' ? 'it is not a URL of that kind' : 'it does not have the right form';
    default:
      return 'it cannot be that';
  }
}

function typeFix(tree: Tree | undefined, expected: string, example: string): string {
  if (tree?.kind === 'scalar' && expected === 'a text' && tree.value !== null)
    return `put it in quotes: "${tree.text}"`;
  return example === '' ? `write ${expected}` : `write e.g. ${example}`;
}
