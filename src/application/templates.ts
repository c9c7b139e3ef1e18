import type { Values } from '../domain/condition.ts';
import type { Place } from '../domain/instantiate.ts';
import type { TemplateDraft } from '../domain/template.ts';

/** Where templates come from; an earlier one hides a later one of the same id. */
export const TEMPLATE_SOURCES = ['project', 'saved', 'built_in'] as const;
export type TemplateSource = (typeof TEMPLATE_SOURCES)[number];

/** A template as it was written. */
export type TemplateText = Readonly<{
  id: string;
  source: TemplateSource;
  content: string;
  /** Its file, relative to the workspace. */
  file?: string;
  /** Which one of those that were saved under its id. */
  version?: number;
}>;

/** A file of the project that cannot even be read. */
export type UnreadableTemplate = Readonly<{ id: string; source: 'project'; file: string; obstacle: string }>;

export type Position = Readonly<{ line: number; column: number }>;
/** What is wrong with a text, and where. */
export type TemplateProblem = Readonly<{ message: string }> & Partial<Position>;
export type TemplateReading =
  | Readonly<{ draft: TemplateDraft; positionOf(at: readonly string[]): Position | undefined }>
  | Readonly<{ problem: TemplateProblem }>;

/** The templates that are files, and what reads them. Nothing of it is loaded before it is used. */
export interface Templates {
  builtIn(id: string): Promise<TemplateText | undefined>;
  builtInIds(): Promise<readonly string[]>;
  ofProject(id: string): Promise<TemplateText | UnreadableTemplate | undefined>;
  projectIds(): Promise<readonly string[]>;
  /** Reads a YAML text; what is wrong with it is told, never thrown. */
  read(content: string): Promise<TemplateReading>;
  /** The YAML text of a template. */
  write(draft: TemplateDraft): Promise<string>;
  /** A fresh set of bounds: all texts that it renders share them. */
  texts(): Promise<TemplateTexts>;
}

/** What fills in placeholders. Both throw `invalid` saying what is wrong. */
export interface TemplateTexts {
  /** The names whose values a text takes. */
  namesIn(text: string): readonly string[];
  render(text: string, values: Values, place: Place): string;
}

export type SavedTemplate = Readonly<{
  id: string;
  version: number;
  content: string;
  savedAt: number;
  savedBy: string;
  deletedAt: number | undefined;
}>;

/** The templates that were saved by tool. All versions are kept, also of those that were deleted. */
export interface SavedTemplateRepository {
  /** The latest version unless it was deleted. */
  find(id: string): Promise<SavedTemplate | undefined>;
  /** Ids of those that are not deleted, in order. */
  ids(): Promise<readonly string[]>;
  /** All versions, the latest first, deleted ones included. */
  versions(id: string): Promise<readonly SavedTemplate[]>;
  save(template: Omit<SavedTemplate, 'deletedAt'>): Promise<void>;
  /** Marks all versions as deleted. */
  remove(id: string, at: number): Promise<void>;
}
