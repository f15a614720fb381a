import { createRequire } from 'node:module';

export interface GithubExample {
  /** What GitHub puts into `X-GitHub-Event`. */
  readonly event: string;
  readonly payload: Payload;
  /** Unlike any other's. */
  readonly delivery: string;
}

/** As far as the tests look into it. */
export interface Payload {
  readonly action?: string;
  readonly repository?: Repository;
  readonly issue?: { readonly number: number; readonly pull_request?: object };
  readonly pull_request?: { readonly number: number };
  readonly changes?: {
    readonly repository?: { readonly name?: { readonly from: string } };
    readonly owner?: { readonly from: Partial<Record<'user' | 'organization', { readonly login: string }>> };
    readonly new_repository?: Repository;
    readonly new_issue?: { readonly number: number };
  };
}

interface Repository {
  readonly id: number;
  readonly name: string;
  readonly full_name: string;
  readonly owner: { readonly login: string };
}

const EDITIONS = ['api.github.com', 'ghes-31', 'ghes-32', 'ghes-33', 'ghes-34', 'ghes-35'];

/** Every example payload of `@octokit/webhooks-examples`, those of GitHub Enterprise Server too. */
export function githubExamples(): readonly GithubExample[] {
  const load = createRequire(import.meta.url);
  return EDITIONS.flatMap((edition) => {
    const events = load(`@octokit/webhooks-examples/${edition}/index.json`) as { name: string; examples: Payload[] }[];
    return events.flatMap(({ name, examples }) =>
      examples.map((payload, i) => ({ event: name, payload, delivery: `${edition}/${name}/${i}` })),
    );
  });
}
