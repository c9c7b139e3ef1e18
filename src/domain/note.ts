export const NOTE_KINDS = ['progress', 'decision', 'learning', 'risk', 'question'] as const;
export type NoteKind = (typeof NOTE_KINDS)[number];

/** Something worth remembering about a task or, without one, about the workspace. */
export type Note = Readonly<{
  seq: number;
  taskId: string | undefined;
  kind: NoteKind;
  text: string;
  sessionId: string;
  at: number;
}>;
