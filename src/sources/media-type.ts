/** A media type without what does not matter: lower case, parameters apart. */
export interface MediaType {
  /** `type/subtype`. */
  readonly essence: string;
  /** Lower case; absent when not given. */
  readonly charset?: string;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const ESSENCE = new RegExp(`^[ \\t]*(${TOKEN}/${TOKEN})[ \\t]*`);
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")[ \\t]*)?`, 'y');

/** `null` when it is not one (RFC 9110, section 8.3.1). */
export function parseMediaType(text: string): MediaType | null {
  const [head, essence] = ESSENCE.exec(text) ?? [];
  if (head === undefined || essence === undefined) return null;
  let charset: string | undefined;
  PARAMETER.lastIndex = head.length;
  while (PARAMETER.lastIndex < text.length) {
    const [, name, token, quoted] = PARAMETER.exec(text) ?? [null];
    // A failed sticky match starts again at 0.
    if (PARAMETER.lastIndex === 0) return null;
    if (name?.toLowerCase() === 'charset') charset ??= (token ?? quoted?.replace(/\\(.)/g, '$1') ?? '').toLowerCase();
  }
  return { essence: essence.toLowerCase(), ...(charset === undefined ? {} : { charset }) };
}

/** `application/json`, `text/json`, `application/problem+json`. */
export function isJson({ essence }: MediaType): boolean {
  return /\/(?:json|[^/]+\+json)$/.test(essence);
}

/** Bytes that are text for a person: `text/plain`, `application/xml`, forms. */
export function isText({ essence }: MediaType): boolean {
  return /^text\/|\/(?:xml|[^/]+\+xml|x-www-form-urlencoded)$/.test(essence);
}

/** UTF-8, or a part of it. */
export function isUtf8({ charset }: MediaType): boolean {
  return charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
}
