import { NotificationType, RequestType } from 'vscode-jsonrpc/node';
import type { AnsweredKind } from './errors.ts';
import type { GpuHostMethod, GpuHostNotices, ParamsOf, ResultOf } from './protocol.ts';

/** Rides on every error answer, so that the other end needs no parsing of sentences. */
export interface FailureData {
  kind: AnsweredKind;
}

type Requests = { [M in GpuHostMethod]: RequestType<ParamsOf<M>, ResultOf<M>, FailureData> };
type Notices = { [N in keyof GpuHostNotices]: NotificationType<GpuHostNotices[N]> };

/** The calls as both ends register and send them. */
export const requests: Requests = {
  open: new RequestType('open'),
  adapters: new RequestType('adapters'),
  measure: new RequestType('measure'),
};

export const notices: Notices = {
  progress: new NotificationType('progress'),
  lost: new NotificationType('lost'),
};
