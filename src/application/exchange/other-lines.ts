import { type Dependency, judge } from '../../domain/dependencies.ts';
import type { NewEvent } from '../../domain/event.ts';
import type { Note } from '../../domain/note.ts';
import { type Fate, type Importing, idHere, isSessionId, numberOf, sessionOf } from './importing.ts';
import type { ArtifactRecord, ExchangeRecord } from './record.ts';
import { artifactOf } from './works.ts';

type Of<Kind extends ExchangeRecord['kind']> = Extract<ExchangeRecord, { kind: Kind }>;

/** Sessions that are new here; they are over, for nobody works through them here. */
export async function writeSessions({ context, survey }: Importing, records: readonly Of<'session'>[]): Promise<void> {
  for (const record of records.filter(({ session_id }) => isSessionId(session_id))) {
    if ((await context.sessions.find(record.session_id)) !== undefined) continue;
    const [free] = await context.identities.reserve([record.session_id]);
    if (free === undefined) continue;
    await context.sessions.insert({
      id: record.session_id,
      agentName: record.agent_name,
      createdAt: Date.parse(record.created_at),
      endedAt: record.ended_at === undefined ? survey.exportedAt : Date.parse(record.ended_at),
      process: undefined,
    });
  }
}

/** What takes dependencies from the file: tasks that are as the file says. Of those that went on here, their own count. */
const TAKES_EDGES: ReadonlySet<Fate | undefined> = new Set<Fate>(['added', 'updated', 'unchanged']);

/** Adds dependencies that are not there; none is changed or removed, so that no approval is passed by a file. */
export async function writeEdges(importing: Importing, records: readonly Of<'dependency'>[]): Promise<void> {
  const { context, account, seams, touched, unsure, at } = importing;
  const outside = await liveOutside(importing, records);
  const wanted = records.map((record) => linkOf(importing, record, outside)).filter(({ takesEdges }) => takesEdges);
  for (const { edge, isThere } of wanted) {
    if (!isThere)
      account.tell('left_out', { task_id: edge.taskId, why: `it waits for ${edge.prerequisiteId}, which is not here` });
  }
  const links = wanted.filter(({ isThere }) => isThere);
  const there = await edgesThere(importing, links);
  const added = links.filter(({ edge }) => !there.has(keyOf(edge)));
  await context.dependencies.insert(
    added.map(({ edge }) => edge),
    at,
  );
  account.count('dependencies', added.length);
  for (const { edge, isNew } of added) if (!isNew || edge.type === 'data') unsure.add(edge.taskId);
  for (const { edge } of added.filter(({ isNew }) => !isNew)) {
    seams.add(edge.taskId);
    touched.push(edge.taskId);
  }
}

/** A dependency of the file, and whether it has a place here. Between tasks that are both new it closes no circle with others. */
type Link = Readonly<{ edge: Dependency; takesEdges: boolean; isThere: boolean; isNew: boolean }>;

function linkOf(importing: Importing, record: Of<'dependency'>, outside: ReadonlySet<string>): Link {
  const { fates } = importing;
  const edge = edgeOf(importing, record);
  const number = numberOf(importing, record.task_id);
  const hasEnded = fates[number] === 'unchanged' && importing.places.presence[number] === 'ended';
  const awaited = record.outside === true ? undefined : fates[numberOf(importing, record.dependency_task_id)];
  return {
    edge,
    takesEdges: TAKES_EDGES.has(fates[number]) && !hasEnded,
    isThere: record.outside === true ? outside.has(edge.prerequisiteId) : awaited !== 'absent',
    isNew: fates[number] === 'added' && awaited === 'added',
  };
}

/** Dependencies that tasks have here already; the file names none twice. */
async function edgesThere({ context }: Importing, links: readonly Link[]): Promise<ReadonlySet<string>> {
  const taskIds = new Set(links.filter(({ isNew }) => !isNew).map(({ edge }) => edge.taskId));
  if (taskIds.size === 0) return new Set();
  return new Set((await context.dependencies.of([...taskIds])).map(keyOf));
}

const keyOf = ({ taskId, prerequisiteId, type }: Dependency) => `${taskId} ${prerequisiteId} ${type}`;

async function liveOutside({ context }: Importing, records: readonly Of<'dependency'>[]): Promise<ReadonlySet<string>> {
  const ids = records.flatMap(({ outside, dependency_task_id }) => (outside === true ? [dependency_task_id] : []));
  if (ids.length === 0) return new Set();
  return new Set((await context.exchange.known(ids)).filter(({ isDeleted }) => !isDeleted).map(({ id }) => id));
}

/** Judged by what the file says, as far as that is known now; all is judged again when everything is there. */
function edgeOf(importing: Importing, record: Of<'dependency'>): Dependency {
  const here = (id: string) => idHere(importing, id, numberOf(importing, id));
  const prerequisite = importing.survey.tasks.at(numberOf(importing, record.dependency_task_id));
  const edge: Dependency = {
    taskId: here(record.task_id),
    prerequisiteId: here(record.dependency_task_id),
    type: record.dependency_type,
    artifactType: record.artifact_type,
    description: record.description,
    status: 'pending',
    verdict: record.verdict,
  };
  if (prerequisite === undefined) return edge;
  return { ...edge, status: judge(edge, { task: prerequisite, isDeleted: false, artifactTypes: [] }) };
}

/** Records artifacts that are not there; their files are written. */
export async function writeArtifacts(importing: Importing, records: readonly ArtifactRecord[]): Promise<void> {
  const { context, account, fates } = importing;
  const events: NewEvent[] = [];
  for (const record of records) {
    const number = numberOf(importing, record.task_id);
    const place = importing.places.artifacts.get(record.artifact_id);
    if (place === undefined || place.isKnown || fates[number] === 'absent') continue;
    const taskId = idHere(importing, record.task_id, number);
    const artifact = { ...artifactOf(context, record), id: place.id, taskId };
    await context.artifacts.insert(artifact);
    account.count('artifacts');
    if (fates[number] !== 'added') importing.touched.push(taskId);
    const details = {
      artifact_id: artifact.id,
      artifact_type: artifact.type,
      outcome: artifact.outcome,
      imported: true,
    };
    events.push({ type: 'artifact.added', taskId, details });
  }
  await context.record(events);
}

/** Adds notes that are not there. */
export async function writeNotes(importing: Importing, records: readonly Of<'note'>[]): Promise<void> {
  const { context, account, fates } = importing;
  const numbered = records.map((record) => ({
    record,
    number: record.task_id === undefined ? undefined : numberOf(importing, record.task_id),
  }));
  const welcome = numbered.filter(({ number }) => number === undefined || fates[number] !== 'absent');
  const notes = welcome.map(({ record, number }) => ({
    taskId: number === undefined ? undefined : idHere(importing, record.task_id ?? '', number),
    kind: record.note_kind,
    text: record.text,
    sessionId: sessionOf(context, record.session_id),
    at: Date.parse(record.at),
  }));
  const older = welcome.flatMap(({ number }, index) =>
    number !== undefined && fates[number] === 'added' ? [] : [notes[index]?.taskId],
  );
  const there = await notesThere(importing, [...new Set(older)]);
  const events: NewEvent[] = [];
  for (const note of notes) {
    if (there.has(sameNote(importing, note))) continue;
    const { seq } = await context.notes.insert(note);
    account.count('notes');
    events.push({ type: 'note.added', taskId: note.taskId, details: { kind: note.kind, note: seq, imported: true } });
  }
  await context.record(events);
}

/** More notes than anybody writes about the workspace. */
const ALL_NOTES = 1_000_000;

async function notesThere(
  importing: Importing,
  taskIds: readonly (string | undefined)[],
): Promise<ReadonlySet<string>> {
  const { notes } = importing.context;
  const ids = taskIds.filter((id) => id !== undefined);
  const there = [
    ...(ids.length > 0 ? await notes.of(ids) : []),
    ...(taskIds.includes(undefined) ? await notes.ofWorkspace(ALL_NOTES) : []),
  ];
  return new Set(there.map((note) => sameNote(importing, note)));
}

/** Other tools seldom say when something was noted, so that there the words alone tell notes apart. */
const sameNote = ({ mode }: Importing, { taskId = '', kind, text, at }: Omit<Note, 'seq' | 'sessionId'>) =>
  JSON.stringify([taskId, kind, text, mode.compareBy === 'mark' ? 0 : at]);
