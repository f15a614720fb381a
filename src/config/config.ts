import type { Secret } from '../runtime/secret.ts';
import type { NamespaceConfig } from '../model/namespace.ts';
import type { ContractSet, Place } from '../contracts/contract.ts';

export type { NamespaceConfig } from '../model/namespace.ts';

/** The whole configuration, parsed once at the door: complete, resolved, read-only. */
export interface Config {
  /** Directory that relative paths start from. */
  readonly baseDir: string;
  /** The file it came from; `null` when given as an object or by embedded defaults. */
  readonly file: string | null;
  readonly journal: JournalConfig;
  readonly server: ServerConfig;
  readonly sources: ReadonlyMap<string, Configured>;
  /** Innermost first: the order of application. */
  readonly layers: readonly (Configured & { readonly name: string })[];
  readonly namespaces: ReadonlyMap<string, NamespaceConfig>;
  readonly projections: ReadonlyMap<string, ProjectionConfig>;
  /** `null`: nothing is audited. */
  readonly auditor: AuditorConfig | null;
  /** Keys and tags that one transaction may name before it ends namespaces instead. */
  readonly widenAfter: number;
  readonly contracts: ContractSet;
  /** Where each part was written, by its path (`namespaces.product.ttl`), so that findings can point at it. */
  readonly places?: ReadonlyMap<string, Place>;
}

/** A part whose options its Kind has parsed. */
export interface Configured {
  readonly type: string;
  readonly options: unknown;
}

export interface JournalConfig extends Configured {
  readonly retentionMs: number;
}

export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  /** Absent: only loopback may be listened on. */
  readonly adminToken?: Secret;
  readonly maxStreams: number;
  /** Names that requests may have in their `Host` header, beside loopback names, the name listened on and addresses. */
  readonly allowedHosts?: readonly string[];
}

export interface ProjectionConfig {
  readonly name: string;
  /** Called with POST. Absent when the projection is a function given to the library. */
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Subnets that the URL's name may resolve to although they are not public. */
  readonly allow: readonly string[];
  /** Refreshes asked for within this time become one. */
  readonly debounceMs: number;
  readonly timeoutMs: number;
  /** Attempts before the refresh becomes a dead letter. */
  readonly attempts: number;
}

/** Comparing what is cached with its source. */
export interface AuditorConfig {
  /** Loads a second at most. */
  readonly rate: number;
  /** Loads under way at a time at most. */
  readonly concurrency: number;
  /** Part of the time for which that many loads may be under way. */
  readonly share: number;
  /** Absent: every namespace. */
  readonly namespaces?: readonly string[];
  /** Whether what events name is looked at a while after, beside what is drawn at random. */
  readonly events: boolean;
  /** How long a look waits for the proof that decides it. */
  readonly waitMs: number;
  /** Whether what is found wrong is invalidated. */
  readonly heal: boolean;
  /** Whether reports may show what values hold. */
  readonly showValues: boolean;
}
