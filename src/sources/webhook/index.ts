import type { ChangeEvent } from '../../model/event.ts';
import type { SourceId } from '../../model/position.ts';
import { received, Refusal } from '../refusal.ts';
import { requirePlainBody, requirePost } from '../request.ts';
import type { RawRequest, SourceKind } from '../source.ts';
import { contentful } from './contentful.ts';
import { eventOfDelivery } from './delivery.ts';
import { github } from './github.ts';
import { webhookOptions, type WebhookOptions } from './options.ts';
import { sanity } from './sanity.ts';
import type { Scheme } from './scheme.ts';
import { shopify } from './shopify.ts';
import { standard } from './standard.ts';
import { stripe } from './stripe.ts';
import { problemOfSignature } from './verify.ts';

/** Every vendor whose signatures are understood. */
const schemes: Readonly<Record<string, Scheme>> = { standard, github, stripe, shopify, contentful, sanity };

/** Signed webhooks, verified on the raw body. */
export const webhookSource: SourceKind<WebhookOptions> = {
  type: 'webhook',
  summary: 'Signed webhooks: Standard Webhooks, GitHub, Stripe, Shopify, Contentful, Sanity.',
  options: webhookOptions(schemes),
  can: { order: false, replay: false, prove: false },
  receiver: (context, options) => ({
    bodyBytesMax: options.bodyBytesMax,
    receive: (request) => received(context, () => [accept(context.name, request, options)]),
  }),
};

/** Nothing of the body is looked at before its signature holds, and every broken signature gets the same answer. */
function accept(name: SourceId, request: RawRequest, options: WebhookOptions): ChangeEvent {
  requirePost(request, 'POST');
  requirePlainBody(request, options.bodyBytesMax);
  const reason = problemOfSignature(request, options);
  if (reason)
    throw new Refusal('the signature is missing or does not hold', { status: 401, code: 'SIGNATURE_REFUSED', reason });
  return eventOfDelivery(name, request, options);
}
