import manifest from '../../package.json' with { type: 'json' };

/** How the program calls itself. */
export const IDENTITY = {
  name: 'mcp-task-orchestrator',
  title: 'MCP Task Orchestrator',
  version: manifest.version,
} as const;
