// A folder of deliberately wrong files: each mistake is found, at its line and column, and nothing else is.
import { describe, expect, it } from 'vitest';
import { brief, expectedOf, findingsOf, wrongFiles } from './findings.ts';

const files = [...wrongFiles('contracts'), ...wrongFiles('config')];

describe('a wrong file', () => {
  it.each(files.map((file) => [file.name, file] as const))(
    '%s gives exactly the findings that it is marked with',
    (_, file) => {
      const found = findingsOf(file);
      expect(found.map((finding) => brief(finding, file)).sort()).toEqual(expectedOf(file).sort());
      for (const { what, why, fix, line, column } of found) {
        expect([what, why, fix].filter((text) => text.trim() === '' || text.includes('undefined'))).toEqual([]);
        expect(line).toBeGreaterThan(0);
        expect(column).toBeGreaterThan(0);
      }
    },
  );

  it('is found from the top, whatever order its mistakes were met in', () => {
    for (const file of files.filter(({ name }) => name.startsWith('contracts/'))) {
      const found = findingsOf(file);
      const sorted = [...found].sort((a, b) => a.line - b.line || a.column - b.column);
      expect(found).toEqual(sorted);
    }
  });
});

describe('a finding', () => {
  const all = files.flatMap((file) => findingsOf(file));
  const fixOf = (what: string): string | undefined => all.find((finding) => finding.what.includes(what))?.fix;

  it.each([
    ['unknown key "triger"', 'did you mean "trigger"?'],
    ['unknown key "purgetag"', 'did you mean "purge_tag"?'],
    ['unknown key "admin-token"', 'did you mean "admin_token"?'],
    ['no source of type "postgress"', 'did you mean "postgres"?'],
    ['no source "shop-bd"', 'did you mean "shop-db"?'],
    ['SHOP_ULR is not set', 'did you mean "SHOP_URL"?'],
    ['no projection "category-memberships"', 'did you mean "category-membership"?'],
    ['"sources.orders" has no "type"', 'write "type" instead of "typ"'],
    ['{product_id} without quotes', "write delete_key: 'product:{product_id}'"],
    ['is the number 42, not a text', 'put it in quotes: "42"'],
    [
      'no contract matches product.deleted or product.truncated',
      'write "trigger: product.*", or [product.updated, product.deleted, product.truncated]',
    ],
    ['no contract matches customer.truncated', 'or [customer.updated, customer.truncated]'],
    ['fixtures/config/contracts cannot be read', 'write contracts/*.yaml'],
  ])('about %s says what to do', (what, fix) => {
    expect(fixOf(what)).toContain(fix);
  });

  it('shows nothing that came from the environment, and no secret', () => {
    const text = JSON.stringify(all);
    expect(text).not.toContain('99999');
    expect(text).not.toContain('evil');
    expect(text).not.toContain('s3cret');
  });
});
