// Stryker is not to change sentences: tests that pin wording are worth nothing. A text is a sentence when it has two
// words in it; a template whose expressions decide something is code all the same, and stays.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const SENTENCE = /[A-Za-z"}),;:] +[\w"({$'=]/;
const DECIDES = new Set(['ConditionalExpression', 'LogicalExpression', 'BinaryExpression', 'ArrowFunctionExpression']);

function decides(node) {
  if (node === null || typeof node !== 'object') return false;
  if (DECIDES.has(node.type)) return true;
  return [node.callee, node.object, ...(node.arguments ?? [])].some(decides);
}

const wording = {
  shouldIgnore({ node }) {
    if (node.type === 'StringLiteral' && SENTENCE.test(node.value)) return 'wording';
    if (node.type !== 'TemplateLiteral' || node.expressions.some(decides)) return undefined;
    return SENTENCE.test(node.quasis.map(({ value }) => value.raw).join('${}')) ? 'wording' : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'wording', wording)];
