/** The framejam SDK: open a session, follow its log, give instructions. */

export {
  AccessApi, type Audited, type Invite, type InviteOptions, type MadeInvite,
} from './access.ts';
export { canonical, stateHash } from './canonical.ts';
export { CLOSE } from './close.ts';
export { type Pending } from './commands.ts';
export { type SocketLike, type Status } from './connection.ts';
export type * from './events.ts';
export { DEFAULT_DEPTH, wantedStep, type DeepKind } from './depth.ts';
export { LogFold } from './fold.ts';
export * from './geometry.ts';
export {
  ApiError, HttpApi, type Branch, type KeptMark, type KeptPreview, type MadeTake,
  type UploadedImage, type Weighing, type Who,
} from './http.ts';
export * from './instructions.ts';
export { parseLink, socketUrl, type Link } from './link.ts';
export { type Look, type LookEvents, type LookQuery } from './look.ts';
export * from './messages.ts';
export type * from './options.ts';
export { outlook, type Outlook, type PendingEdit } from './outlook.ts';
export { type Past } from './past.ts';
export { isPreview, parsePreview, type Preview } from './preview.ts';
export { type SharedPrompt } from './prompt.ts';
export { type SharedPrompts } from './prompts.ts';
export {
  isKind, type EditRecord, type GroupRecord, type LogState, type Origin, type Participant,
  type TakeRecord, type VersionRecord,
} from './records.ts';
export { Session } from './session.ts';
export { applySplices, difference, pointOf, textsOf, unitOf } from './texts.ts';
export { decodeMessage, encodeMessage } from './wire.ts';
