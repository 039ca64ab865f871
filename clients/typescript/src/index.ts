/** The framejam SDK: open a session, follow its log, give instructions. */

export { CLOSE } from './close.ts';
export { type Pending } from './commands.ts';
export { type SocketLike, type Status } from './connection.ts';
export type * from './events.ts';
export { isKind, LogFold, type EditRecord, type LogState, type Participant } from './fold.ts';
export * from './geometry.ts';
export { ApiError, HttpApi, type Invite, type UploadedImage } from './http.ts';
export type * from './instructions.ts';
export { parseLink, socketUrl, type Link } from './link.ts';
export * from './messages.ts';
export { outlook, type Outlook, type PendingEdit } from './outlook.ts';
export { isPreview, parsePreview, type Preview } from './preview.ts';
export { Session, type SessionEvents, type SessionOptions } from './session.ts';
export { decodeMessage, encodeMessage } from './wire.ts';
