import { explicitMessage } from '../../contracts/explicit.ts';
import { readJson } from '../body/read.ts';
import type { Resource } from '../context.ts';
import { queryOf } from '../query.ts';
import { answerReceipts } from '../receipt.ts';

/** `POST /v1/invalidations`: an explicit message, journalled and applied like what a contract plans. */
export const invalidations: Resource = (app, context) => {
  app.post('/v1/invalidations', { config: { access: 'admin' } }, async (request, reply) => {
    const query = queryOf(request, ['wait', 'timeout']);
    const message = await readJson(request, context.limits, explicitMessage);
    const receipt = await context.operations.invalidate(message);
    return answerReceipts(context, request, reply, [receipt], query);
  });
};
