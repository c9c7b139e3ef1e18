/** How a specialist thinks and works: what a briefing is made of. */
export type Role = Readonly<{
  name: string;
  /** One line for a list. */
  description: string;
  /** Who the agent is while it does this work. */
  definition: string;
  expertise: readonly string[];
  approach: string;
  outputFormat: string | undefined;
  /** Asked about at completion like acceptance criteria. */
  checklist: readonly string[];
  /** Whether the project's own file made or changed it; a briefing says so, for a clone is not trusted. */
  isOfProject: boolean;
}>;

export const ROLE_NAME = /^[a-z][a-z0-9_]{0,39}$/;
/** Prefixes of ids; no role or template may be called like one. */
export const RESERVED_NAMES = ['task', 'artifact', 'session', 'claim', 'maint'] as const;

/** What a project's file says about a role; what it leaves out stays as it was. */
export type RoleChange = Readonly<Partial<Omit<Role, 'name' | 'isOfProject'>>>;

/** The role with the project's own fields laid over it. */
export function mergeRole(name: string, built: Role | undefined, change: RoleChange): Role {
  const base = built ?? emptyRole(name);
  return { ...base, ...change, name, isOfProject: true };
}

const emptyRole = (name: string): Role => ({
  name,
  description: `Specialist ${name}`,
  definition: `Specialist: ${name}`,
  expertise: [],
  approach: 'Read the task and its context, do the work, and record what you did.',
  outputFormat: undefined,
  checklist: [],
  isOfProject: true,
});
