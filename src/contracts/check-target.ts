import { EVERY_NAMESPACE, type ActionKind } from '../model/plan.ts';
import { NAME, NAME_RULE } from './contract-schema.ts';
import type { Place } from './contract.ts';
import type { Report } from './report.ts';
import { parseTemplate, type Template } from './template.ts';
import { clip } from './tree.ts';
import type { ScalarTree } from './yaml-tree.ts';

export interface Target {
  readonly kind: ActionKind;
  readonly text: string;
  readonly node: ScalarTree;
  readonly inLoop: boolean;
}

/** What is not safe in an action's target, for its kind, goes into the report. */
export function checkTarget(target: Target, report: Report): void {
  const { kind, text, node } = target;
  // Told as a value that must not be empty.
  if (text === '') return;
  if (kind === 'refresh_projection' || kind === 'purge_namespace') {
    checkName(target, report);
    return;
  }
  const parsed = parseTemplate(text, target.inLoop);
  if (!parsed.ok) {
    for (const { code, at, what, why, fix } of parsed.mistakes) report.error(code, placeIn(node, at), what, why, fix);
    return;
  }
  if (kind === 'purge_url' && !hostIsFixed(parsed.template)) {
    const what = `the URL "${clip(text)}" has no fixed host`;
    report.error(
      'URL_HOST_FROM_EVENT',
      node.place,
      what,
      'an event must not choose the host that a request goes to',
      'begin with a path ("/products/{id}") or with "https://host/"',
    );
    return;
  }
  const dollar = text.indexOf('${');
  if (dollar >= 0) {
    const fix = `write "${clip(text.replaceAll('${', '{'))}" unless the target really has a "$"`;
    report.warning(
      'TEMPLATE_DOLLAR',
      placeIn(node, dollar),
      'the "$" before "{" becomes part of the target',
      'fields are written as {field}, not as in JavaScript',
      fix,
    );
  }
}

/** Projections and namespaces are named in the configuration: an event must not choose one. */
function checkName({ kind, text, node }: Target, report: Report): void {
  if (NAME.test(text) || (kind === 'purge_namespace' && text === EVERY_NAMESPACE)) return;
  if (text.includes('{'))
    report.error(
      'TEMPLATE_NOT_ALLOWED',
      node.place,
      `"${kind}" takes a name, not a template`,
      'it is named in the configuration; an event must not choose it',
      'write the name',
    );
  else
    report.error(
      'NAME_INVALID',
      node.place,
      `"${clip(text)}" cannot be a name`,
      NAME_RULE,
      'write the name as in the configuration',
    );
}

/** The literal start must reach past the host, so that no value can name another one. */
function hostIsFixed({ parts }: Template): boolean {
  const [first] = parts;
  if (first.startsWith('/')) return !first.startsWith('//');
  const scheme = ['https://', 'http://'].find((one) => first.startsWith(one));
  if (scheme === undefined) return false;
  const slash = first.indexOf('/', scheme.length);
  return slash > scheme.length || (slash === -1 && parts.length === 1);
}

/** Inside a scalar on one line an offset of the text is an offset of the file. */
function placeIn({ place, text, value, quoted }: ScalarTree, at: number): Place {
  return text === value ? { line: place.line, column: place.column + (quoted ? 1 : 0) + at } : place;
}
