import type { KoaContextWithOIDC } from 'oidc-provider';

import type { FaultAction } from './identityFaults.ts';

/** The part of a Koa context that a fault affects. */
export type Answering = Pick<KoaContextWithOIDC, 'body' | 'set' | 'status' | 'type' | 'respond' | 'req'>;

/**
 * Handles a request with all its faults.
 *
 * @param ctx the request and its response
 * @param handle handles the request normally
 * @param actions the faults, in order
 * @param answering called with each state of the response that contains something new
 */
export async function withFaults(
  ctx: Answering,
  handle: () => Promise<unknown>,
  actions: readonly FaultAction[],
  answering: () => void,
): Promise<void> {
  for (const action of actions) {
    if (action.kind === 'dropBefore') {
      drop(ctx);
      return;
    }
    if (action.kind === 'delay' && action.when !== 'after') {
      await pause(action.milliseconds);
    }
  }
  if (!actions.some(isInstead)) {
    await handle();
  }
  // A token is a secret even if the response that contains it never arrives.
  answering();
  for (const action of actions) {
    await spoil(ctx, action);
  }
  answering();
}

/** Whether the request isn't handled at all. */
function isInstead(action: FaultAction): boolean {
  return action.kind === 'html' || (action.kind === 'answer' && action.commit !== true);
}

async function spoil(ctx: Answering, action: FaultAction): Promise<void> {
  switch (action.kind) {
    case 'dropBefore':
      break;
    case 'dropAfter':
      drop(ctx);
      break;
    case 'delay':
      if (action.when === 'after') {
        await pause(action.milliseconds);
      }
      break;
    case 'answer':
      ctx.status = action.status;
      ctx.body = action.body ?? '';
      ctx.set({ ...action.headers });
      break;
    case 'html':
      ctx.status = action.status ?? 200;
      ctx.type = 'html';
      ctx.body = '<!doctype html><title>Welcome</title><p>Please accept the terms of this network.</p>';
      break;
    case 'shiftDate':
      ctx.set('date', new Date(Date.now() + action.seconds * 1000).toUTCString());
      break;
    case 'rewrite':
      if (typeof ctx.body === 'object' && ctx.body !== null) {
        ctx.body = action.body({ ...ctx.body });
      }
      break;
  }
}

function drop(ctx: Answering): void {
  ctx.respond = false;
  ctx.req.socket.destroy();
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
