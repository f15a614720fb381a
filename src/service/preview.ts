import { matching } from '../contracts/explain.ts';
import { plan } from '../contracts/plan.ts';
import type { ContractSet } from '../contracts/contract.ts';
import type { ActionKind } from '../model/plan.ts';
import type { ChangeEvent } from '../model/event.ts';
import type { PlanPreview } from '../operations.ts';

interface PreviewLayer {
  readonly name: string;
  readonly can: ReadonlySet<ActionKind>;
}

/** What an event would do, layer by layer, and why. Pure: nothing is sent anywhere. */
export function previewOf(contracts: ContractSet, layers: readonly PreviewLayer[], event: ChangeEvent): PlanPreview {
  const planned = plan(contracts, event);
  return {
    event: { type: event.type, source: event.source, data: event.data },
    plan: planned,
    layers: layers.map(({ name, can }) => {
      const meant = planned.actions.filter((action) => action.layers?.includes(name) ?? true);
      const invalidations = meant.filter((action) => action.kind !== 'refresh_projection');
      const words = (kept: boolean): string[] =>
        invalidations
          .filter((action) => can.has(action.kind) === kept)
          .map((action) => `${action.kind}: ${action.target}`);
      return { layer: name, actions: words(true), skipped: words(false) };
    }),
    matched: matching(contracts, event).map(({ contract, note }) => {
      const { name, file, line } = contract;
      return { contract: name, file, line, note };
    }),
  };
}
