/** The resources by their URI. */
export const URIS = {
  status: 'orchestrator://status',
  guide: 'orchestrator://guide',
  task: (id: string) => `orchestrator://tasks/${id}`,
  artifact: (id: string) => `orchestrator://artifacts/${id}`,
  template: (id: string) => `orchestrator://templates/${id}`,
  graph: (planId: string) => `orchestrator://plans/${planId}/graph`,
} as const;
