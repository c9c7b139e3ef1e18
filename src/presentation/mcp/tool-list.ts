import type { Tool } from '@modelcontextprotocol/server';
import type { ToolSet } from '../../application/tool.ts';
import generated from './tool-list.generated.json' with { type: 'json' };

type Schema = Readonly<Record<string, unknown>>;
type GeneratedTool = Omit<Tool, 'inputSchema' | 'outputSchema'> &
  Readonly<{ inputSchema: Schema; outputSchema: Schema }>;

/** A tool as it was generated: its set, the name that the reference plans for it, and what is listed. */
export type ToolEntry = Readonly<{ set: string; plannedName?: string | undefined; tool: GeneratedTool }>;

export type ToolChoice = Readonly<{ toolsets: readonly ToolSet[]; toolNames: 'current' | 'planned' | 'both' }>;

/** What `tools/list` answers, in its fixed order. Only what is listed is chosen here: every tool can be called by either of its names. */
export function listedTools({ toolsets, toolNames }: ToolChoice, entries: readonly ToolEntry[] = generated): Tool[] {
  const sets = new Set<string>(toolsets);
  return entries
    .filter(({ set }) => sets.has(set))
    .flatMap(({ tool, plannedName = tool.name }) => {
      const inputSchema = { ...tool.inputSchema, type: 'object' as const };
      return NAMES[toolNames](tool.name, plannedName).map((name) => ({ ...tool, name, inputSchema }));
    });
}

const NAMES = {
  current: (current) => [current],
  planned: (_, planned) => [planned],
  both: (current, planned) => [...new Set([current, planned])],
} as const satisfies Record<ToolChoice['toolNames'], (current: string, planned: string) => readonly string[]>;
